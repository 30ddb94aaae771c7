/** Which TensorFlow.js runs the steps: the best that is there, or the one that was asked for. */
import { InputError } from '../../errors.js';
import type { Library } from '../library.js';
import { loadJs } from './js.js';
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

/** Before a process is started for it. `auto` becomes native where the addon is there. */
export function chooseBackend(choice: BackendChoice, state: NativeState = nativeState()): 'js' | 'native' {
  if (choice === 'js') return 'js';
  if (state.kind === 'installed') return 'native';
  if (choice === 'auto') return 'js';
  throw new InputError('missing-backend', `--backend ${choice}: ${state.reason}.`, [
    ...installCommands,
    '--backend js   runs in pure JavaScript, with the same tensors',
  ]);
}

/** In the process that runs the steps. `auto` takes JavaScript where the native addon is there and does not load. */
export async function loadBackend(choice: BackendChoice): Promise<LoadedBackend> {
  if (chooseBackend(choice) === 'js') return loadJsBackend();
  let native: NativeBackend;
  try {
    native = await loadNative();
  } catch (error) {
    if (choice === 'auto') return loadJsBackend();
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

async function loadJsBackend(): Promise<LoadedBackend> {
  const tf = await loadJs();
  return { tf, name: 'js', version: tf.version['tfjs-core'], device: 'CPU, pure JavaScript' };
}
