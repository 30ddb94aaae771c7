/** The tarball that npm would publish, installed in an empty folder: does the tool answer there? */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-package-'));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

try {
  const [{ filename, size }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  );
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'elsewhere', private: true }));
  run('npm', ['install', '--prefer-offline', '--omit=optional', join(folder, filename)], folder);
  const gcPlan = (...args) => run('npx', ['--no-install', 'gc-plan', ...args], folder);

  // The types as a strict consumer compiles them, with nothing but what the package brings along.
  writeFileSync(
    join(folder, 'consumer.mts'),
    "import { estimate } from 'gc-plan';\nexport const bytes: number = (await estimate({ model: 'tiny' })).memory.peakLiveBytes;\n",
  );
  const strict = ['--strict', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2022', '--noEmit'];
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...strict, 'consumer.mts'], folder);

  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const answers = {
    version: gcPlan('--version').trim() === `gc-plan ${version}`,
    estimate: JSON.parse(gcPlan('estimate', 'graphcast-small', '--json')).memory?.peakLiveBytes > 0,
    table: gcPlan('estimate', 'tiny', '--vram', '24GB').includes('\nfits on 24GB '),
    library:
      run(process.execPath, ['-e', "import('gc-plan').then((m) => console.log(typeof m.estimate))"], folder).trim() ===
      'function',
  };
  const wrong = Object.keys(answers).filter((name) => !answers[name]);
  if (wrong.length > 0) throw new Error(`the installed package gives a wrong answer: ${wrong.join(', ')}`);
  console.log(`${filename}: ${Math.round(size / 1024)} KiB, works when installed elsewhere`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
