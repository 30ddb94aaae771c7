/** `gc-plan verify --install`: brings a backend into the user's data folder, in the pinned versions, each checked by its hash. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readAsset } from '../../config/assets.js';
import { InputError } from '../../errors.js';
import { type Run, runStep } from './install-step.js';
import { buildNative } from './native-build.js';
import { type Installable, installFolder } from './packages.js';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

/**
 * Another one that was there is replaced once the new one is whole.
 * @throws InputError where this user has no home, or a step fails
 */
export async function installBackend(which: Installable, run: Run): Promise<string> {
  const folder = installFolder(which);
  if (folder === undefined)
    throw new InputError('no-home', 'There is no folder to install into: this user has no home.', [
      `XDG_DATA_HOME=FOLDER gc-plan verify --install ${which}`,
    ]);
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await installPackages(which, partial, run);
    if (which === 'native')
      await buildNative(join(partial, 'node_modules', '@tensorflow', 'tfjs-node-gpu'), join(partial, 'libraries'), run);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** The lock that ships holds version and hash of every package, which npm checks; no package's script is run. */
async function installPackages(which: Installable, folder: string, run: Run): Promise<void> {
  const lock = readAsset(`verify/backends/${which}.lock.json`);
  const { dependencies } = (JSON.parse(lock) as Lock).packages['']!;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  writeFileSync(join(folder, 'package-lock.json'), lock);
  const [command, ...before] = npmCommand();
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  await runStep(command, [...before, 'ci', ...options], { ...run, cwd: folder });
}

/** npm comes with Node, also where only Node's own folder has it (Node as a Python package) and no PATH leads there. */
function npmCommand(): readonly [string, ...string[]] {
  const prefix = dirname(process.execPath);
  const scripts = ['../lib/node_modules/npm/bin/npm-cli.js', 'node_modules/npm/bin/npm-cli.js'];
  const script = scripts.map((file) => resolve(prefix, file)).find((file) => existsSync(file));
  return script === undefined ? ['npm'] : [process.execPath, script];
}
