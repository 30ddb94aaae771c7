/** JAX: what XLA:GPU allocates for the training step of DeepMind's GraphCast. */
import { largestShare } from '../../config/limits.js';
import type { Config } from '../../config/types.js';
import { layoutOf } from '../../models/index.js';
import type { CardSupport, Runtime } from '../types.js';
import { measuredGpus } from './all-reduce-time.js';
import { gemmOf, kernelsOf } from './gemm.js';
import { hostMemory } from './host.js';
import { mayNormaliseInConcat } from './inference.js';
import { meetsInOrder } from './latency-hiding.js';
import { jaxProcess, recordedProcess } from './process.js';
import { cutsOf, segmentJax, traceCutsOf } from './segment.js';
import { traceJax } from './step.js';
import { jaxDimensions } from './symbols.js';
import { succeedsUpTo } from './xla-remat.js';

/** One sample lets XLA fold constants. */
const sizeClass = (config: Config): string => {
  const { model, recipe } = config;
  const { edges } = recipe.checkpoint;
  const allSizes = [model, recipe.batchSize, edges.kind === 'none' ? 1 : edges.blocks];
  if (layoutOf(model.layout).sizesDecideKernels) return JSON.stringify([...allSizes, gemmOf(config)]);
  // The order that hides a collective depends on all sizes and on how long it takes among so many cards…
  if (meetsInOrder(config)) return JSON.stringify([...allSizes, measuredGpus(recipe.gpus)]);
  // …and so do the arrays that may lie in results that are not written yet.
  return recipe.mode === 'inference' || recipe.optimizer === 'none'
    ? JSON.stringify(allSizes)
    : JSON.stringify([recipe.batchSize === 1]);
};

/**
 * Sources: docs.jax.dev, installation, pip installation: NVIDIA GPU (CUDA 12 from SM 5.2, CUDA 13 from SM 7.5 on). Without bf16 products
 * XLA's float normalisation computes in f32, and what it computes it stores so: records of the V100 in tests/data/xla-gpu.jsonl.
 */
const cards: CardSupport = {
  label: 'JAX 0.10.2',
  builds: [
    { name: 'CUDA 13', oldestComputeCapability: 75 },
    { name: 'CUDA 12', oldestComputeCapability: 52 },
  ],
  kernelsOf,
};

/** What the two other ways of taking memory change (docs.jax.dev, GPU memory allocation). */
const allocatorNotes: Readonly<Record<Config['recipe']['jaxAllocator'], readonly string[]>> = {
  default: [],
  'no-preallocation': [
    '--jax-allocator no-preallocation (XLA_PYTHON_CLIENT_PREALLOCATE=false): the share is the limit as before; the pool starts small, grows by regions of powers of two up to it, and gives none back.',
  ],
  platform: [
    '--jax-allocator platform (XLA_PYTHON_CLIENT_ALLOCATOR=platform): the driver is asked for every array by itself, which is slow; nothing is kept back, and --mem-fraction has no effect.',
  ],
};

const keptBack = (memFraction: number): string => `JAX keeps ${Number((100 * (1 - memFraction)).toFixed(1))} % back`;

export const jaxRuntime: Runtime = {
  segment: segmentJax,
  cutsOf,
  traceCutsOf,
  dimensions: jaxDimensions,
  sizeClass,
  trace: (program, config) => traceJax(program, config),
  process: jaxProcess,
  hostMemory,
  recorded: {
    process: recordedProcess,
    open: ['memFraction', 'jaxAllocator'],
    other: (recipe) =>
      recipe.memFraction < largestShare && recipe.jaxAllocator !== 'platform'
        ? { recipe: { ...recipe, memFraction: largestShare }, line: `XLA_CLIENT_MEM_FRACTION=${largestShare}` }
        : undefined,
  },
  // XLA's all-reduce may share its operand's buffer.
  bucketsGradients: false,
  cards,
  assumptions: ({ recipe }) => allocatorNotes[recipe.jaxAllocator],
  usableShare: ({ recipe: { memFraction, jaxAllocator }, reserveBytes }) => {
    if (jaxAllocator === 'platform') return 'JAX’s platform allocator keeps nothing back (--jax-allocator platform)';
    const back = keptBack(memFraction);
    return reserveBytes === 0 ? `${back} (--mem-fraction ${memFraction})` : `${back} of what --reserve leaves`;
  },
  largerShare: (recipe) =>
    recipe.memFraction < largestShare && recipe.jaxAllocator !== 'platform'
      ? {
          keptBack: keptBack(recipe.memFraction),
          memFraction: largestShare,
          setting: `XLA_CLIENT_MEM_FRACTION=${largestShare}`,
        }
      : undefined,
  search: {
    replaysRolloutStepFirst: false,
    segmentsChangeForward: true,
    passesAreApart: false,
    resultsHoldArrays: ({ model, recipe }) =>
      recipe.mode === 'train' && recipe.optimizer === 'none' && !layoutOf(model.layout).sizesDecideKernels,
    tightUpTo: succeedsUpTo,
    // Which arrays of a forecast lie in its results changes with their sizes; whether both ends' rows are arrays hangs on roundings, so that of
    // so many sizes in a row one is without.
    rowsPeriod: ({ model, recipe, device }) =>
      recipe.mode === 'inference' && mayNormaliseInConcat(gemmOf({ recipe, device }), model.hiddenDim) ? 32 : 8,
  },
};
