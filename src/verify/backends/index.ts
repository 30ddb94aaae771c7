/** Which TensorFlow.js runs the steps: the best that is there, or the one that was asked for. */
import { InputError } from '../../errors.js';
import type { Library } from '../library.js';
import { jsFolder, jsInstallCommand, loadJs } from './js.js';
import { installCommands, loadNative, type NativeBackend, type NativeState, nativeState } from './native.js';

/** `node-gpu`: tfjs-node-gpu on a GPU · `node`: the same package on the CPU · `js`: pure JavaScript. */
export const backendNames = ['node-gpu', 'node', 'js'] as const;
export type BackendName = (typeof backendNames)[number];
export const backendChoices = ['auto', ...backendNames] as const;
export type BackendChoice = (typeof backendChoices)[number];

export interface Backend {
  readonly name: BackendName;
  readonly version: string;
  readonly device: string;
}

export interface LoadedBackend extends Backend {
  readonly tf: Library;
}

export type BackendPackage =
  | { readonly kind: 'js'; readonly folder: string }
  | { readonly kind: 'native'; readonly folder: string };

interface Found {
  readonly native: NativeState;
  /** The folder of `@tensorflow/tfjs`. */
  readonly js: string | undefined;
}

/** Before a process is started for it. `auto` becomes native where the addon is there, else JavaScript. */
export function chooseBackend(
  choice: BackendChoice,
  { native, js }: Found = { native: nativeState(), js: jsFolder() },
): BackendPackage {
  if (choice === 'js' || (choice === 'auto' && native.kind === 'missing')) {
    if (js !== undefined) return { kind: 'js', folder: js };
    throw new InputError('missing-backend', 'Training steps need TensorFlow.js, which is not installed.', [
      jsInstallCommand,
      ...installCommands,
    ]);
  }
  if (native.kind === 'installed') return { kind: 'native', folder: native.folder };
  throw new InputError('missing-backend', `--backend ${choice}: ${native.reason}.`, [
    ...installCommands,
    '--backend js   runs in pure JavaScript, with the same tensors',
  ]);
}

/** In the process that runs the steps. `auto` takes JavaScript where the native addon is there and does not load. */
export async function loadBackend(choice: BackendChoice): Promise<LoadedBackend> {
  const chosen = chooseBackend(choice);
  if (chosen.kind === 'js') return loadJsBackend(chosen.folder);
  let native: NativeBackend;
  try {
    native = await loadNative(chosen.folder);
  } catch (error) {
    if (choice === 'auto') return loadJsBackend(chooseBackend('js').folder);
    throw new InputError('broken-backend', `--backend ${choice}: ${(error as Error).message.split('\n')[0]}`, [
      ...installCommands,
      '--backend js   runs in pure JavaScript, with the same tensors',
    ]);
  }
  const { tf, usesGpu, libraryVersion } = native;
  if (choice === 'node-gpu' && !usesGpu)
    throw new InputError('missing-gpu', `--backend node-gpu: TensorFlow ${libraryVersion} found no GPU.`, [
      'gc-plan verify --doctor   says what it found',
      '--backend node   runs the same package on the CPU',
    ]);
  return {
    tf,
    name: usesGpu ? 'node-gpu' : 'node',
    version: `${tf.version['tfjs-core']} with TensorFlow ${libraryVersion}`,
    device: usesGpu ? 'GPU' : 'CPU',
  };
}

async function loadJsBackend(folder: string): Promise<LoadedBackend> {
  const tf = await loadJs(folder);
  return { tf, name: 'js', version: tf.version['tfjs-core'], device: 'CPU, pure JavaScript' };
}
