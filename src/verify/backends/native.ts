/**
 * `@tensorflow/tfjs-node-gpu`: TensorFlow's own library, on a GPU where it finds one and on the CPU otherwise. An optional
 * dependency, and its addon is not in the package: `npm run tfjs:native` builds it, or the package's own script downloads it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Library } from '../library.js';

const packageName = '@tensorflow/tfjs-node-gpu';

/** The second one where a bucket of Google's can be reached: it brings TensorFlow 2.9.1, which wants CUDA 11.2. */
export const installCommands = [
  "npm run tfjs:native   builds the addon, with the library of TensorFlow's Python package",
  `cd node_modules/${packageName} && node scripts/install.js gpu download   downloads both`,
] as const;

export type NativeState =
  | { readonly kind: 'installed'; readonly version: string }
  | { readonly kind: 'missing'; readonly reason: string };

export function nativeState(): NativeState {
  let manifest: string;
  try {
    manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
  } catch {
    return { kind: 'missing', reason: `${packageName} is not installed` };
  }
  const folder = dirname(manifest);
  if (!existsSync(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node')))
    return { kind: 'missing', reason: `${packageName} is installed without its native addon` };
  if (!existsSync(join(folder, 'deps', 'lib')))
    return { kind: 'missing', reason: `${packageName} is installed without libtensorflow` };
  return { kind: 'installed', version: JSON.parse(readFileSync(manifest, 'utf8')).version };
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

export async function loadNative(): Promise<NativeBackend> {
  // Removed from Node 24 and still called by the package's kernels.
  const nodeUtil = createRequire(import.meta.url)('node:util') as typeof import('node:util') & {
    isNullOrUndefined?: (value: unknown) => boolean;
  };
  nodeUtil.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const tf = (await import(packageName)) as Library;
  await tf.ready();
  const backend = tf.backend() as unknown as {
    readonly isUsingGpuDevice: boolean;
    readonly binding: { readonly TF_Version: string };
  };
  return { tf, usesGpu: backend.isUsingGpuDevice, libraryVersion: backend.binding.TF_Version };
}
