/**
 * Which sums of the mesh edges' gradient XLA writes. Every layer adds to it, and its norm and the next layer's sum read it. Priority fusion
 * (priority_fusion.cc) computes a sum where it is read if that saves time (gpu_performance_model.cc, `EstimateRunTimes`): the
 * kernel, what it writes, and that its readers read it, against each reader reading all of its arrays. It begins with what saves most; of equals
 * the instruction that came last (`producer_priority_queue_`, by number), which is the sum of the first layer.
 */
interface Sum {
  /** Arrays that it adds up. */
  numTerms: number;
  /** Kernels that read it beside the next sum. */
  numReaders: number;
  /** Index of the sum that it adds to, and of the one that adds to it. */
  before: number | undefined;
  after: number | undefined;
}

/** A sum of two arrays is read by its layer's norm, and by the sum of the layer before. */
const plain = (index: number, num: number): Sum => ({
  numTerms: 2,
  numReaders: index === num - 1 ? 2 : 1,
  before: index === 0 ? undefined : index - 1,
  after: index === num - 1 ? undefined : index + 1,
});

/**
 * Of `num` sums, the last layer's first: which are written. `launches`: how long it takes to read one array, in launches of a kernel.
 */
export function writtenSumsOfEdges(num: number, launches: number): ReadonlySet<number> {
  const sums = new Map(Array.from({ length: num }, (_, index) => [index, plain(index, num)]));
  const numConsumers = ({ numReaders, after }: Sum) => numReaders + (after === undefined ? 0 : 1);
  const gain = (sum: Sum) => 1 + launches * (sum.numTerms + 1 - numConsumers(sum) * (sum.numTerms - 1));
  for (;;) {
    let best: number | undefined;
    for (const [index, sum] of sums)
      if (gain(sum) > 0 && (best === undefined || gain(sum) >= gain(sums.get(best)!))) best = index;
    if (best === undefined) return new Set(sums.keys());
    fuse(sums, best);
  }
}

/** The sum is computed in its readers: they read its arrays, one of which may be a sum that they then read. */
function fuse(sums: Map<number, Sum>, index: number): void {
  const { numTerms, numReaders, before, after } = sums.get(index)!;
  sums.delete(index);
  const earlier = before === undefined ? undefined : sums.get(before);
  const later = after === undefined ? undefined : sums.get(after);
  if (later !== undefined) {
    later.numTerms += numTerms - 1;
    later.before = before;
  }
  if (earlier !== undefined) {
    earlier.numReaders += numReaders;
    earlier.after = after;
  }
}
