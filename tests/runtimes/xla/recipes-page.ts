/** The section of docs/jax.md about steps that are trained otherwise. */
import { configText, gib, rangeTable, signed, summary } from './page.js';
import type { PricedRecord } from './price.js';
import { allOf, isCublas, type RecipeGroup, recipeGroups } from './recipe-records.js';

const { data, recomputed, accumulate, optimizer, unchecked, plain } = recipeGroups;

const what = ({ optimizer: name, devices = 1, accumulate: steps = 1, gemm_mode }: PricedRecord['record']): string =>
  [
    name,
    ...(devices > 1 ? [`${devices} cards`] : []),
    ...(steps > 1 ? [`every ${steps}`] : []),
    ...(gemm_mode === 'cublas' ? [] : ['Triton']),
  ].join(', ');

function table(group: readonly PricedRecord[]): string {
  const rows = group.map(({ record, peakLiveBytes, errorPercent }) => {
    const figures = [gib(record.peak_bytes_estimate), gib(peakLiveBytes), signed(errorPercent)].join(' | ');
    return `| ${record.target} | ${configText(record)} | ${what(record)} | ${record.group ?? 'given'} | ${figures} |`;
  });
  const head =
    '| card | grid | H/L | precision | batch | rollout | checkpoint | recipe | group | compiled GiB | predicted GiB | error |';
  return [head, '|---|---|---|---|---|---|---|---|---|---|---|---|', ...rows].join('\n');
}

const summaries = (name: string, group: RecipeGroup): readonly string[] =>
  (['given', 'rules', 'seen', 'drawn'] as const).flatMap((of) => {
    const scored = group[of].filter(isCublas);
    return scored.length === 0 ? [] : [summary(`${name}, ${of}`, scored)];
  });

export const recipesSection = (): string => `## Several cards, accumulation, optimizers, rollouts that keep everything

*given*: records of others. *rules*: compiled while the rules were written. *drawn*: drawn by a seed and compiled after them
(\`tests/runtimes/xla/draw.ts\`); *seen*: drawn too, and compiled before the rules were last mended. All by \`src/verify/jax/probe.py\` itself.

| group | steps | median % | 90th percentile % | worst % | worst under % | mean % |
|---|---|---|---|---|---|---|
${[
  ...summaries('data parallel', data),
  ...summaries('data parallel, recomputed', recomputed),
  ...summaries('optax.MultiSteps', accumulate),
  ...summaries('other optimizers', optimizer),
  ...summaries('rollout without gradient checkpointing', unchecked),
  ...summaries('AdamW, off all earlier shapes', plain),
].join('\n')}

**Data parallel.** Gradients are averaged over the cards (\`jax.lax.pmean\` in \`jax.shard_map\`), and all-reduces of up to 30 MiB are joined. XLA
first schedules the step for memory (\`memory-order.ts\`): of a list and of an order that goes depth first from the result, the one that needs
less (of a third, plain post-order, below). On Hopper and Blackwell its latency hiding scheduler then reorders it (\`latency-hiding.ts\`): gradients of weights wait, with all that they read, until
the chain of activations is done, and a step needs up to a quarter more than on one card. Before Hopper the order of memory stands. The order
is followed kernel by kernel, with XLA's own estimate of each one's time (\`kernel-times.ts\`): a product's from its table of measured ones, a sum's of
columns from how few blocks read it, any other's from the bytes that it moves, what it reads again from the caches, and a twentieth of what it computes. The
scheduler does not tell XLA's analysis which card it is, so that operations cost what they cost on an A6000. Where gradients are more than 30 MiB, as
of every network of 512 channels, they meet in several all-reduces. Which of these ends last is decided by the kernels of the global norm that read
them (\`global-norm.ts\`), by how long XLA's table of measured ones says that each takes (\`all-reduce-time.ts\`), and by what reads a longer
one being taken first (\`kAsyncDepth\`). Of equals the latency hiding scheduler places what stood last in the order of memory: on XLA's own kernels that rule comes to
the order that its log shows of all gradients of weights (two fp32 steps), and the kernels here to the same in all products but a few. Which kernels there are was read off XLA's log
(\`TF_CPP_VMODULE=latency_hiding_scheduler=3\`) and its optimized program. Sums that several kernels read are written or not by the gain that
priority fusion estimates (\`edge-sums.ts\`, \`norm-kernels.ts\`), and so is what is gathered into a norm (\`gather-or-norm.ts\`: 109 of 120
compiled norms as XLA has them, read off its dump of the queue).
Elements of a kernel with several results and arrays in another shape are instructions of their own in that order, and what overwrites an array frees
it and makes another one. Whether an activation's padded gradient is written, or computed by both kernels that read it, is decided by XLA's own
estimate (\`swish-fusion.ts\`: the choice of 30 arrays, and the time of those whose log was kept to 30 ns).
Several samples are put row by row, and padded, for every product that reads the input fields or the gradient of the prediction, and zeros of
equal shape and type are filled by one kernel. For the gradient of a weight each number of a field is a read of its own, sixteen times as slow
(\`stacking-times.ts\`). Several that fill no part of a warp, such as three, are averaged by one thread (\`loss-head.ts\`);
of five, 25×48, 96/4 is 5.9 % low and 46×90, 128/4 3.1 %.
What is left: where two candidates differ by a few nanoseconds, one other choice moves all behind it; in bf16 XLA casts some statistics of rows in
kernels of their own, which here is decided by the rows' size alone (\`row-statistics.ts\`). Eight steps are more than 4 % off, seven of them
for a known reason: before
Hopper no rule knows how many arrays meet in the loss in fp32 (above; 2, 7 or 9 in 14 of these steps): 60×118, 64/8 is 11 % high, 116×230, 56/4, all
of it recomputed, 9 % low, 62×122, 168/10 5 % low. On an A6000 66×130, 64/7 is 7.6 % low: XLA adds edges up in f32 on the way forward. 108×214, 72/1/2 in
bf16, all of it recomputed, is 5.1 % low: XLA takes plain post-order, which is not followed here. 34×66, 48/7 of three samples, every layer recomputed, is
10 % low: to Triton rows of 48 numbers are reads of two transactions each, so that XLA computes the edges' sums later than the rules say. A V100 that
is asked for bf16 keeps a copy in bf16 of each layer's edges (46×90, 64/6, 6.7 % low). The eighth is that of five samples.
Of the eighteen steps that were drawn last two are among these (−10 and −5 %), and sixteen are within 1.6 %, the median 0.5 %.
The range's
ends, −6 and +7 %, recomputed −5 and +9 %, or +12 % where a row of bf16 is no
multiple of 64 bytes, in fp32 before Hopper −12 and +9 %, are measured over all of these; they are no bound that follows from XLA. XLA compiles one
program to the same bytes twice (25×48, 96/4: the whole buffer assignment; 91×180, M5, 128/6: the record's bytes). The *given* step of that size is
1.8 % lower: another program of the same step.

${table(allOf(data))}

**…and recomputed.** A recomputed block stands behind a barrier (\`jax.checkpoint\`, \`opt-barrier\`), which the scheduler places like a kernel that
takes no time: all that is recomputed waits for the gradients that come in, and what it reads behind the barrier, each parameter too, is an element
that moves the clock (\`kernel-order.ts\`, \`barrier.ts\`; \`remat2\` and \`get-tuple-element\` in the scheduler's log of four compiled steps). Indices behind
a barrier are no constants, so that XLA compares each with the number of nodes: what is gathered is written, and its sums are a kernel of their
own where they would read those indices too slowly (\`norm-times.ts\`). With the whole model recomputed the forward pass for the loss runs last, after
the gradients have met, and its losses meet in a collective of their own. \`graphcast-small\` on four cards, recomputed in four ways, is 0.9 % low to 0.8 % high. The range's low end of −5 % is measured over all of these.
Ten more are of any size: the worst, recomputed whole in fp32 on an A6000, is 4.1 % low, as XLA then takes another order than on one card.
On Hopper recomputing saves little: the gradients of weights wait with all that they read. Loops over slices of edges were compiled nowhere: the program's own probe adds none.

${table(allOf(recomputed))}

**Accumulation.** \`optax.MultiSteps\` keeps the mean of the gradients: one f32 array per parameter more, donated.

${table(allOf(accumulate))}

**Optimizers.** Without one the gradients are results in f32, in which other arrays lie until they are written, and \`jit\` leaves out the
parameters that nothing reads.

${table(allOf(optimizer))}

**Rollout without gradient checkpointing.** The body of the loop writes its part of every stack at its end, so that the products of all layers
live until then, beside the stacks.

${table(allOf(unchecked))}

**AdamW, off all earlier shapes.**

${table(allOf(plain))}

With the range:

${rangeTable([...allOf(data), ...allOf(recomputed), ...allOf(optimizer)])}
`;
