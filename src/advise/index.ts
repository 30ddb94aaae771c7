/**
 * Every way out of out-of-memory that is priced, in the order in which they are put together: a later one sees what the earlier
 * ones changed. Rounding first, since it halves all that follows; then how many samples there are at once; then what is kept of
 * each (the network before the rollout around it; edge blocks inside the encoder and decoder that they need); then what of that
 * an operation keeps; then what only the process changes; last what is sent away from the card.
 */
import { edgeBlocks, mapperChunks, processorChunks } from './strategies/edge-blocks.js';
import { inference, oneStepPerCall } from './strategies/inference.js';
import { concatTrick, recomputeActivation, tape } from './strategies/operations.js';
import { offloadBoundary, offloadOptimizer, optimizer, optimizerKernel } from './strategies/optimizer.js';
import { precision } from './strategies/precision.js';
import { allocator, memoryFraction, xlaGemm } from './strategies/process.js';
import {
  checkpointDecoder,
  checkpointEncoder,
  checkpointModel,
  checkpointProcessor,
  checkpointRollout,
} from './strategies/recompute.js';
import { microBatch, samplesPerCall } from './strategies/samples.js';
import type { Strategy } from './types.js';

export const catalogue: readonly Strategy[] = [
  precision,
  microBatch,
  samplesPerCall,
  oneStepPerCall,
  checkpointEncoder,
  checkpointDecoder,
  checkpointProcessor,
  edgeBlocks,
  mapperChunks,
  processorChunks,
  checkpointModel,
  checkpointRollout,
  concatTrick,
  recomputeActivation,
  tape,
  xlaGemm,
  optimizerKernel,
  optimizer,
  allocator,
  memoryFraction,
  offloadOptimizer,
  offloadBoundary,
  inference,
];
