/** The values of every option that has few: types, flags, profile files and reports follow from these lists. */
export const runtimeNames = ['jax', 'pytorch', 'tfjs'] as const;
/** One value for every runtime. */
export const perRuntime = <Value>(
  of: (runtime: (typeof runtimeNames)[number]) => Value,
): Readonly<Record<(typeof runtimeNames)[number], Value>> =>
  Object.fromEntries(runtimeNames.map((runtime) => [runtime, of(runtime)])) as Record<
    (typeof runtimeNames)[number],
    Value
  >;
export const precisions = ['fp32', 'bf16', 'fp16', 'bf16-full'] as const;
/** Of parameters, gradients and optimizer state, and of the rows between layers: LayerNorm returns fp32 in mixed precision. */
export const fullElementBytes = ({ precision }: { readonly precision: (typeof precisions)[number] }): 2 | 4 =>
  precision === 'bf16-full' ? 2 : 4;
export const modes = ['train', 'inference'] as const;
export const optimizers = [
  'adamw',
  'adamw-fused',
  'adamw-8bit',
  'adam',
  'adafactor',
  'sgd',
  'momentum',
  'none',
] as const;
/** State tensors of the parameter's own shape; optimizers that hold their state in another form, or none, are absent. */
const numMoments = {
  'adamw-fused': 2,
  adamw: 2,
  adam: 2,
  momentum: 1,
  sgd: 0,
} as const satisfies Partial<Record<(typeof optimizers)[number], number>>;

/** Updates every element by itself, with state of the parameter's shape. */
export type ElementwiseOptimizer = keyof typeof numMoments;

export const numMomentsOf = (optimizer: (typeof optimizers)[number]): number =>
  (numMoments as Readonly<Partial<Record<(typeof optimizers)[number], number>>>)[optimizer] ?? 0;

/**
 * What waits in the host's memory: the optimizer's state, the inputs of recomputed segments (`boundary`), or both. From the least traffic
 * over the bus to the most.
 */
export const offloads = ['none', 'optimizer', 'boundary', 'optimizer+boundary'] as const;
export const concatTricks = ['off', 'eager', 'fused'] as const;
export const allocators = ['native', 'expandable'] as const;
export const jaxAllocators = ['default', 'no-preallocation', 'platform'] as const;
export const xlaGemms = ['auto', 'cublas', 'triton'] as const;
export const tapes = ['plain', 'fused', 'lean'] as const;
export const parallelisms = [
  'none',
  'data',
  'zero1',
  'zero2',
  'zero3',
  'pipeline',
  'graph',
  'tensor',
  'model',
] as const;
/** The order in which a stage of a pipeline runs the micro-batches of an optimizer step. */
export const pipelineSchedules = ['1f1b', 'gpipe'] as const;

/** `poles`: latitude rows include both poles; `no-poles`: half a cell off; `cut`: poles grid without its last row. */
export const typedGridKinds = ['poles', 'no-poles', 'cut'] as const;
/** Reduced Gaussian grids, whose rows have points of their own number. */
export const reducedGridKinds = ['octahedral', 'classic'] as const;
export const processorKinds = [
  'interaction',
  'attention',
  'gated',
  'gated-edges',
  'transformer',
  'point-wise',
] as const;
export const attentionBackends = ['pyg', 'triton'] as const;
/** NVIDIA's generations, oldest first. */
export const architectures = [
  'kepler',
  'maxwell',
  'pascal',
  'volta',
  'turing',
  'ampere',
  'ada',
  'hopper',
  'blackwell',
] as const;
