import type { Config, RuntimeName } from '../config/types.js';
import { pytorchAssumptions } from './pytorch/assumptions.js';
import { pytorchRuntime } from './pytorch/index.js';
import { tfjsRuntime } from './tfjs/index.js';
import type { Runtime } from './types.js';
import { jaxRuntime } from './xla/index.js';

export interface Registered {
  readonly runtime: Runtime;
  /** Sentences that belong beside its numbers. */
  readonly assumptions: (config: Config) => readonly string[];
}

const none = (): readonly string[] => [];

export const runtimes: Readonly<Record<RuntimeName, Registered>> = {
  pytorch: { runtime: pytorchRuntime, assumptions: pytorchAssumptions },
  jax: { runtime: jaxRuntime, assumptions: none },
  tfjs: { runtime: tfjsRuntime, assumptions: none },
};
