/**
 * Every way out of out-of-memory that is priced, in the order in which they are put together: a later one sees what the earlier
 * ones changed. Rounding first, since it halves all that follows; then how many samples there are at once; then what is kept of
 * each (the network before the rollout around it; edge blocks inside the encoder and decoder that they need); then what of that
 * an operation keeps; then what only the process changes; last what is sent away from the card.
 */
import { allocator } from './allocator.js';
import { checkpointDecoder } from './checkpoint-decoder.js';
import { checkpointEncoder } from './checkpoint-encoder.js';
import { checkpointModel } from './checkpoint-model.js';
import { checkpointProcessor } from './checkpoint-processor.js';
import { checkpointRollout } from './checkpoint-rollout.js';
import { concatTrick } from './concat-trick.js';
import { edgeBlocks } from './edge-blocks.js';
import { inference, mapperChunks, oneStepPerCall, samplesPerCall } from './inference.js';
import { memoryFraction } from './memory-fraction.js';
import { microBatch } from './micro-batch.js';
import { offloadBoundary } from './offload-boundary.js';
import { offloadOptimizer } from './offload-optimizer.js';
import { optimizer, optimizerKernel } from './optimizer.js';
import { precision } from './precision.js';
import { recomputeActivation } from './recompute-activation.js';
import { tape } from './tape.js';
import type { Strategy } from './types.js';
import { xlaGemm } from './xla-gemm.js';

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
