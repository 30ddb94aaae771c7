/** Everything that must hold before a change is merged. The last line counts the tests; a stage that fails counts as one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const resultsFile = '.cache/vitest-results.json';

const stages = [
  ['lint', 'npx', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'npx', 'tsc', '-p', 'tsconfig.test.json'],
  ['types of the page', 'npx', 'tsc', '-p', 'tsconfig.page.json'],
  ['build', process.execPath, 'scripts/build.mjs'],
  ['unused code', 'npx', 'knip', '--no-progress'],
  ['documents', process.execPath, 'scripts/docs.mjs', '--check'],
  ['package', process.execPath, 'scripts/check-package.mjs'],
  ['Dockerfile', process.execPath, 'scripts/dockerfile.mjs'],
  ['native TensorFlow', process.execPath, 'scripts/tfjs-native.mjs'],
  ['JAX', 'npm', 'run', '--silent', 'jax:install'],
  ['PyTorch', 'npm', 'run', '--silent', 'torch:install'],
  ['code bases', 'npm', 'run', '--silent', 'code-bases:install'],
  ['browser', process.execPath, 'scripts/chromium.mjs'],
  ['tests', 'npx', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`],
];

mkdirSync('.cache', { recursive: true });
rmSync(resultsFile, { force: true });
const failedStages = stages.filter(([name, command, ...args]) => {
  console.log(`\n== ${name}`);
  return spawnSync(command, args, { stdio: 'inherit' }).status !== 0;
});

function testResults() {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  }
}

const { numPassedTests, numFailedTests, numPendingTests } = testResults();
// vitest's stage fails whenever a test does; it counts itself only where no test tells why (a file that does not load).
const counted = failedStages.filter(([name]) => name !== 'tests' || numFailedTests === 0);
for (const [name] of failedStages) console.log(`failed: ${name}`);
console.log(`${numPassedTests} passed, ${numFailedTests + counted.length} failed, ${numPendingTests} skipped`);
process.exitCode = failedStages.length === 0 ? 0 : 1;
