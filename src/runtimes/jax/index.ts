/** JAX: what XLA:GPU allocates for the training step of DeepMind's GraphCast. */
import type { Runtime } from '../types.js';
import { jaxProcess } from './process.js';
import { segmentJax } from './segment.js';
import { traceJax } from './step.js';
import { jaxDimensions } from './symbols.js';

export const jaxRuntime: Runtime = {
  segment: segmentJax,
  dimensions: jaxDimensions,
  trace: traceJax,
  process: jaxProcess,
};
