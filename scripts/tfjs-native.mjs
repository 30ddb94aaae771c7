/**
 * `npm run tfjs:native`: gives @tensorflow/tfjs-node-gpu its native library and addon from package registries alone. The library is
 * TensorFlow's own, out of its Python package; the addon is compiled from the sources in the npm package. Needs python3 with pip and
 * a C++ compiler. TF_DIST=tensorflow takes the CUDA build (the CUDA libraries themselves come with `pip install tensorflow[and-cuda]`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The last release whose headers lie where the addon's sources look for them. */
const version = process.env.TF_VERSION ?? '2.15.1';
const distribution = process.env.TF_DIST ?? 'tensorflow-cpu';
const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache', `${distribution}-${version}`);
const done = join(cache, 'lib', 'libtensorflow.so');

function fail(message) {
  console.error(`tfjs:native: ${message}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (error) fail(`${command} cannot be run (${error.message})`);
  if (status !== 0) fail(`${command} ${args[0]} … failed`);
}

function findPackage() {
  try {
    return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    return fail(
      '@tensorflow/tfjs-node-gpu is not installed; npm ci installs it, unless optional packages are left out',
    );
  }
}

const extract = `
import os, sys, zipfile
cache, wheel = sys.argv[1:]
archive = zipfile.ZipFile(wheel)
headers = ('tensorflow/include/tensorflow/c/', 'tensorflow/include/tensorflow/core/platform/', 'tensorflow/include/tsl/')
for name in archive.namelist():
    if name.endswith('/'):
        continue
    if name.startswith('tensorflow/libtensorflow'):
        target = os.path.join(cache, 'lib', os.path.basename(name))
    elif name.startswith(headers):
        target = os.path.join(cache, name[len('tensorflow/'):])
    else:
        continue
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with archive.open(name) as source, open(target, 'wb') as out:
        while chunk := source.read(1 << 20):
            out.write(chunk)
`;

function fetchLibrary() {
  const wheels = join(cache, 'wheel');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(join(cache, 'lib'), { recursive: true });
  const platforms = ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'].flatMap((platform) => ['--platform', platform]);
  const tags = ['--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp', ...platforms];
  run('python3', [
    '-m',
    'pip',
    'download',
    '-q',
    '--disable-pip-version-check',
    '--no-deps',
    ...tags,
    '-d',
    wheels,
    `${distribution}==${version}`,
  ]);
  run('python3', ['-c', extract, cache, join(wheels, readdirSync(wheels)[0])]);
  rmSync(wheels, { recursive: true });
  symlinkSync('libtensorflow_framework.so.2', join(cache, 'lib', 'libtensorflow_framework.so'));
  // Last: an interrupted run starts again.
  symlinkSync('libtensorflow_cc.so.2', done);
}

if (process.platform !== 'linux' || process.arch !== 'x64')
  fail(`needs Linux on x64, and this is ${process.platform} on ${process.arch}`);
const folder = findPackage();
if (!existsSync(done)) fetchLibrary();
rmSync(join(folder, 'deps'), { recursive: true, force: true });
symlinkSync(cache, join(folder, 'deps'));

/** Headers come with most Node installations; without them node-gyp would download its own. */
const nodePrefix = resolve(process.execPath, '../..');
const withHeaders = existsSync(join(nodePrefix, 'include', 'node', 'node_api.h'))
  ? { npm_config_nodedir: nodePrefix }
  : {};
const nodePreGyp = createRequire(join(folder, 'package.json')).resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
run(process.execPath, [nodePreGyp, 'install', '--build-from-source', '--loglevel=warn'], {
  cwd: folder,
  env: { ...withHeaders, ...process.env },
  stdio: ['ignore', 'ignore', 'inherit'],
});
console.log(`tfjs:native: TensorFlow ${version} (${distribution}) and the addon are ready`);
