import type { RuntimeName } from '../config/types.js';
import { jaxRuntime } from './jax/index.js';
import { pytorchRuntime } from './pytorch/index.js';
import { tfjsRuntime } from './tfjs/index.js';
import type { Runtime } from './types.js';

/** A runtime that has no rules of its own yet runs with PyTorch's, and `assumption` says so in every report. */
export interface Registered {
  readonly runtime: Runtime;
  readonly assumption?: string;
}

export const runtimes: Readonly<Record<RuntimeName, Registered>> = {
  pytorch: { runtime: pytorchRuntime },
  jax: { runtime: jaxRuntime },
  tfjs: { runtime: tfjsRuntime },
};
