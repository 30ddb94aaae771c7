/** Each runtime's rules for one card; `parallel/index.ts` puts several cards around them. */
import type { RuntimeName } from '../config/types.js';
import { pytorchRuntime } from './pytorch/index.js';
import { tfjsRuntime } from './tfjs/index.js';
import type { Runtime } from './types.js';
import { jaxRuntime } from './xla/index.js';

export const oneCardRuntimes: Readonly<Record<RuntimeName, Runtime>> = {
  pytorch: pytorchRuntime,
  jax: jaxRuntime,
  tfjs: tfjsRuntime,
};
