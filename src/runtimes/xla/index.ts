/** JAX: what XLA:GPU allocates for the training step of DeepMind's GraphCast. */
import type { Config } from '../../config/types.js';
import type { Runtime } from '../types.js';
import { lossHeadPlan } from './loss-head-plans.js';
import { jaxProcess } from './process.js';
import { segmentJax } from './segment.js';
import { traceJax } from './step.js';
import { jaxDimensions } from './symbols.js';

/** One sample lets XLA fold constants, and the compiled loss heads differ by their sizes. */
const sizeClass = (config: Config): string => JSON.stringify([config.recipe.batchSize === 1, lossHeadPlan(config)]);

export const jaxRuntime: Runtime = {
  segment: segmentJax,
  dimensions: jaxDimensions,
  sizeClass,
  trace: traceJax,
  process: jaxProcess,
  // XLA's all-reduce may share its operand's buffer.
  bucketsGradients: false,
  search: {
    replaysRolloutStepFirst: false,
    segmentsChangeForward: true,
    passesAreApart: false,
    // Compiled loss heads are known for batches up to 4 and a few grids, and others are taken to be in their middle.
    rowsPeriod: 8,
  },
};
