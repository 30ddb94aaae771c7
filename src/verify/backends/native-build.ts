/**
 * Gives `@tensorflow/tfjs-node-gpu` its native library and addon from package registries alone. The library is TensorFlow's own, out of
 * its Python package; the addon is compiled from the sources in the npm package. Needs Linux on x64, python3 with pip, a C++ compiler.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { assetFile } from '../../config/assets.js';
import { InputError } from '../../errors.js';
import { type Run, runStep } from './install-step.js';

/** The last release whose headers lie where the addon's sources look for them. */
const version = '2.15.1';

/** `TF_DIST=tensorflow` takes the CUDA build; the CUDA libraries themselves come with `pip install tensorflow[and-cuda]`. */
const wheelHashes: Readonly<Record<string, string>> = {
  'tensorflow-cpu': '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  tensorflow: 'bb0edd69103c154245c5f209f0507355cc68ba7e4de350084bc31edc562478e4',
};

const tags = [
  ...['--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp'],
  ...['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'],
];

/** `folder`: of the npm package. `libraries`: keeps one folder per build of TensorFlow, which a second run finds. */
export async function buildNative(folder: string, libraries: string, run: Run): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new InputError(
      'no-native-backend',
      `The native backend is built on Linux on x64 alone, and this is ${process.platform} on ${process.arch}.`,
      ['gc-plan verify --backend js   runs in pure JavaScript, with the same tensors'],
    );
  const distribution = process.env.TF_DIST ?? 'tensorflow-cpu';
  const sha256 = wheelHashes[distribution];
  if (sha256 === undefined)
    throw new InputError('unknown-build', `TF_DIST=${distribution}: there is no such build of TensorFlow.`, [
      `TF_DIST is one of ${Object.keys(wheelHashes).join(', ')}`,
    ]);
  const library = join(libraries, `${distribution}-${version}`);
  await fetchLibrary(library, `${distribution}==${version} --hash=sha256:${sha256}`, run);
  rmSync(join(folder, 'deps'), { recursive: true, force: true });
  symlinkSync(relative(folder, library), join(folder, 'deps'));
  await compileAddon(folder, run);
}

async function fetchLibrary(library: string, requirement: string, run: Run): Promise<void> {
  const done = join(library, 'lib', 'libtensorflow.so');
  if (existsSync(done)) return;
  const wheels = join(library, 'wheel');
  rmSync(library, { recursive: true, force: true });
  mkdirSync(wheels, { recursive: true });
  mkdirSync(join(library, 'lib'));
  // pip checks the hash of what a requirements file pins.
  writeFileSync(join(wheels, 'requirements.txt'), `${requirement}\n`);
  const download = ['-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
  await runStep('python3', [...download, ...tags, '-d', wheels, '-r', join(wheels, 'requirements.txt')], run);
  const wheel = readdirSync(wheels).find((file) => file.endsWith('.whl'))!;
  await runStep('python3', [assetFile('verify/backends/extract.py'), library, join(wheels, wheel)], run);
  rmSync(wheels, { recursive: true });
  symlinkSync('libtensorflow_framework.so.2', join(library, 'lib', 'libtensorflow_framework.so'));
  // Last: an interrupted run starts again.
  symlinkSync('libtensorflow_cc.so.2', done);
}

async function compileAddon(folder: string, run: Run): Promise<void> {
  // Headers come with most Node installations; without them node-gyp would download its own.
  const nodePrefix = resolve(process.execPath, '../..');
  const hasHeaders = existsSync(join(nodePrefix, 'include', 'node', 'node_api.h'));
  const nodePreGyp = createRequire(join(folder, 'package.json')).resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
  await runStep(process.execPath, [nodePreGyp, 'install', '--build-from-source', '--loglevel=warn'], {
    ...run,
    cwd: folder,
    env: {
      ...process.env,
      ...(hasHeaders && process.env.npm_config_nodedir === undefined && { npm_config_nodedir: nodePrefix }),
      // node-gyp comes with npm.
      PATH: `${process.env.PATH ?? ''}:${dirname(process.execPath)}`,
    },
  });
}
