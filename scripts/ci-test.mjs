/** Everything that must hold before a change is merged. The last line counts the tests; a stage that fails counts as one. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const resultsFile = '.cache/vitest-results.json';
const pythonResultsFile = '.cache/pytest.xml';

/** Side by side: what reads the sources, and what the later tests need of others. */
const lanes = [
  [
    ['lint', 'npx', 'biome', 'check', '--error-on-warnings', '.'],
    ['types', 'npx', 'tsc', '-p', 'tsconfig.test.json'],
    ['types of the page', 'npx', 'tsc', '-p', 'tsconfig.page.json'],
    ['build', process.execPath, 'scripts/build.mjs'],
    ['unused code', 'npx', 'knip', '--no-progress'],
    ['documents', process.execPath, 'scripts/docs.mjs', '--check'],
    ['package', process.execPath, 'scripts/check-package.mjs'],
    ['Dockerfile', process.execPath, 'scripts/dockerfile.mjs'],
    ['native TensorFlow', process.execPath, 'scripts/tfjs-native.mjs'],
  ],
  [
    ['JAX', 'npm', 'run', '--silent', 'jax:install'],
    ['PyTorch', 'npm', 'run', '--silent', 'torch:install'],
    ['code bases', 'npm', 'run', '--silent', 'code-bases:install'],
    ['browser', process.execPath, 'scripts/chromium.mjs'],
  ],
];
const lastStages = [
  ['Python', process.execPath, 'scripts/check-wheel.mjs'],
  ['tests', 'npx', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`],
];

// Python's packages, Chromium, two installs of our own tarball and grown checkpoints.
const writtenBytes = 6e9;
const { bavail, bsize } = statfsSync('.');
if (bavail * bsize < writtenBytes)
  console.log(`The stages write up to ${writtenBytes / 1e9} GB; ${((bavail * bsize) / 1e9).toFixed(1)} GB are free.`);

mkdirSync('.cache', { recursive: true });
for (const file of [resultsFile, pythonResultsFile]) rmSync(file, { force: true });
const failedStages = [];
await Promise.all(lanes.map((stages) => runInTurn(stages, 'pipe')));
await runInTurn(lastStages, 'inherit');

/** `output`: `pipe` prints what a stage says when it has ended, so that two do not talk at once. */
async function runInTurn(stages, output) {
  for (const [name, command, ...args] of stages) {
    if (output === 'inherit') console.log(`\n== ${name}`);
    const { status, said, seconds } = await run(command, args, output);
    if (output === 'pipe') console.log(`\n== ${name} (${seconds} s)\n${said}`.trimEnd());
    if (status !== 0) failedStages.push([name]);
  }
}

function run(command, args, output) {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['inherit', output, output] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  return new Promise((resolve) => {
    const end = (status) => resolve({ status, said, seconds: Math.round((performance.now() - start) / 1000) });
    child.on('error', end);
    child.on('close', end);
  });
}

function testResults() {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  }
}

/** Of the tests in Python, which check-wheel.mjs runs; none where it did not come to them. */
function pythonResults() {
  const xml = existsSync(pythonResultsFile) ? readFileSync(pythonResultsFile, 'utf8') : '';
  const count = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') };
}

const { numPassedTests, numFailedTests, numPendingTests } = testResults();
const python = pythonResults();
// A stage of tests fails whenever a test does; it counts itself only where no test tells why (a file that does not load).
const numFailed = { tests: numFailedTests, Python: python.failed };
const counted = failedStages.filter(([name]) => (numFailed[name] ?? 0) === 0);
for (const [name] of failedStages) console.log(`failed: ${name}`);
const passed = numPassedTests + python.passed;
const failed = numFailedTests + python.failed + counted.length;
console.log(`${passed} passed, ${failed} failed, ${numPendingTests + python.skipped} skipped`);
process.exitCode = failedStages.length === 0 ? 0 : 1;
