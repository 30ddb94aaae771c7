/**
 * `@tensorflow/tfjs-node-gpu`: TensorFlow's own library, on a GPU where it finds one and on the CPU otherwise. Its addon is not in the
 * package: `gc-plan verify --install native` builds it, or the package's own script downloads it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Library } from '../library.js';
import { importFrom, packageFolder } from './packages.js';

const packageName = '@tensorflow/tfjs-node-gpu';

/** In a clone `npm run tfjs:native` does the same for the packages of `npm ci`. */
export const installCommands = [
  "gc-plan verify --install native   builds the addon, with the library of TensorFlow's Python package",
] as const;

export type NativeState =
  | { readonly kind: 'installed'; readonly version: string; readonly folder: string }
  | { readonly kind: 'missing'; readonly reason: string };

export function nativeState(): NativeState {
  const folder = packageFolder(packageName);
  if (folder === undefined) return { kind: 'missing', reason: `${packageName} is not installed` };
  if (!existsSync(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node')))
    return { kind: 'missing', reason: `${packageName} is installed without its native addon` };
  if (!existsSync(join(folder, 'deps', 'lib')))
    return { kind: 'missing', reason: `${packageName} is installed without libtensorflow` };
  return {
    kind: 'installed',
    version: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
    folder,
  };
}

/** Settings under which resident memory follows the tensors; they have to stand before the process starts. */
export const nativeEnvironment = {
  // Its primitive cache would keep scratch for ever.
  TF_ENABLE_ONEDNN_OPTS: '0',
  TF_CPP_MIN_LOG_LEVEL: '3',
  // Otherwise TensorFlow takes nearly the whole card at once.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '0',
} as const;

export interface NativeBackend {
  readonly tf: Library;
  readonly usesGpu: boolean;
  readonly libraryVersion: string;
}

/** @param folder of the package */
export async function loadNative(folder: string): Promise<NativeBackend> {
  // Removed from Node 24 and still called by the package's kernels.
  const nodeUtil = createRequire(import.meta.url)('node:util') as typeof import('node:util') & {
    isNullOrUndefined?: (value: unknown) => boolean;
  };
  nodeUtil.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const tf = await importFrom<Library>(folder);
  await tf.ready();
  const backend = tf.backend() as unknown as {
    readonly isUsingGpuDevice: boolean;
    readonly binding: { readonly TF_Version: string };
  };
  return { tf, usesGpu: backend.isUsingGpuDevice, libraryVersion: backend.binding.TF_Version };
}
