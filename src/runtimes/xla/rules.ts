/**
 * Beyond "a kernel's result lives until its last reader": what the lowering knows of XLA, JAX and GraphCast. Each rule names its cause; a
 * trace can be made without one of them, and docs/jax.md shows what every compiled step is worth of it.
 */
export const rules = {
  f32Sum: 'graphcast 08cf736, graphcast.py: the encoder has `f32_aggregation=True`',
  sharedZeros:
    'one multi-output broadcast fills the zeros of all scatter-adds before the processor (multi_output_fusion.cc)',
  scatterInPlace: 'a scatter-add continues in the sum that is there (scatter_expander.cc, in place: copy_insertion.cc)',
  encoderEarly:
    'hlo_memory_scheduler.cc, ListMemoryScheduler: the encoder’s update of the grid nodes is differentiated when it frees more than it makes',
  headWaits:
    'hlo_memory_scheduler.cc, ListMemoryScheduler: a recomputed decoder’s output weight waits for the next gradient',
  unrolledZeros:
    'a Python loop over slices of edges writes every slice’s scatter-add down: each has zeros, in both types',
  depthFirst: 'hlo_memory_scheduler.cc, DFSMemoryScheduler: from the result to what it needs, the longer branch first',
  leastMemory:
    'hlo_memory_scheduler.cc, DefaultMemoryScheduler: in a loop, ListMemoryScheduler’s order where that needs no more',
  writtenSums: 'priority_fusion.cc: a sum is inlined in its readers where that moves fewer bytes',
  brokenWarps:
    'coalescing_analysis.cc: rows that are no multiple of 32 threads are read in pieces, so that inlining a sum costs next to nothing',
  rowKernels: 'softmax_rewriter_triton.cc: in fp32 one kernel normalises a row and writes it',
  normOrGather:
    'priority_fusion.cc: in f32 the edge’s norm or both ends’ gathers are fused into the concatenation, whoever saves more by how times round',
  normalisedOnce:
    'gpu_performance_model_base.cc: rows are normalised once for all where their statistics are too many for the cores’ caches',
  resultsHold: 'buffer_assignment.cc, AssignSingleHloBuffer: arrays lie in results that are not written yet',
  overwritten:
    'buffer_assignment.cc, LiveRangeInterferes: in a result’s memory an array may begin in the kernel that last reads another, element by element',
  arena:
    'heap_simulator.cc, GlobalDecreasingSizeBestFitHeap: gaps between a forecast’s arrays, a sum in the memory of the sum before',
  loopLoss:
    'layout_assignment.cc: in a loop’s body the gradients of the variables keep the prediction’s order, so that one kernel adds them',
  f32Gradients:
    'gpu_float_support.cc, priority_fusion.cc: before Hopper bf16 is added in f32, and the sums are fused before what they read',
  f32Results:
    'gpu_float_support.cc, simplify_fp_conversions.cc: before Ampere products return f32, which elementwise readers read; what is gathered is written in bf16',
  loopZeros: 'copy_insertion.cc: in a loop one array of zeros, which every sum but the last copies',
  latencyHiding:
    'latency_hiding_scheduler.cc: on Hopper and later, gradients that only the all-reduce waits for run behind the chain of activations',
} as const;

export type Rule = keyof typeof rules;
