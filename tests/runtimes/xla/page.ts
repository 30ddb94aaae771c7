/** docs/jax.md: every record with its prediction, and the published figures. */
import { quantile } from '../../statistics.js';
import { arraysTable, compareArrays, compiledSteps } from './arrays.js';
import { gencastSection } from './gencast-page.js';
import type { InferenceGroups } from './inference-groups.js';
import type { PricedRecord } from './price.js';
import { publishedTable } from './published.js';
import { recipesSection } from './recipes-page.js';
import type { JaxRecord } from './records.js';
import { type RuleWorth, ruleTable } from './rule-table.js';
import { versionsSection } from './versions.js';
import { weatherNextSection } from './weathernext2-page.js';

const GiB = 2 ** 30;
export const gib = (bytes: number) => (bytes / GiB).toFixed(3);
export const signed = (percent: number) => `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(2)} %`;

type Groups = Readonly<
  Record<
    'plain' | 'planned' | 'unchecked' | 'triton' | 'rematted' | 'holdout' | 'secondHoldout',
    readonly PricedRecord[]
  >
> &
  InferenceGroups & { readonly worths: readonly RuleWorth[] };

function planText({ remat_plan, whole_model_checkpoint, gradient_checkpointing, ar_steps, mode }: JaxRecord): string {
  if (mode === 'inference') return 'none';
  const { enc, dec, mesh_every, whole_step, edge_blocks, block_mode } = remat_plan ?? {};
  const parts = [
    ...(enc ? ['encoder'] : []),
    ...(dec ? ['decoder'] : []),
    ...(mesh_every ? [`processor:every=${mesh_every}`] : []),
    ...(edge_blocks ? [`edges:blocks=${edge_blocks}${block_mode === 'loop' ? ':loop' : ''}`] : []),
    ...(whole_step || whole_model_checkpoint ? ['model'] : []),
    ...(ar_steps > 1 && gradient_checkpointing ? ['rollout'] : []),
  ];
  return parts.length === 0 ? 'none' : parts.join('+');
}

export function configText(record: JaxRecord): string {
  const { grid, mesh_size, pressure_levels, latent_size, gnn_msg_steps, hidden_layers, batch, ar_steps, bf16 } = record;
  const radius =
    record.radius_query_fraction_edge_length === 0.6 ? '' : `, radius ${record.radius_query_fraction_edge_length}`;
  const shape = `${grid.join('×')}, ${pressure_levels} levels, M${mesh_size}${radius}`;
  const width = `${latent_size}/${gnn_msg_steps}${hidden_layers > 1 ? `/${hidden_layers}` : ''}`;
  return `${shape} | ${width} | ${bf16 ? 'bf16' : 'fp32'} | ${batch} | ${ar_steps} | ${planText(record)}`;
}

const head = '| card | grid | H/L | precision | batch | rollout | checkpoint |';

function scoredTable(group: readonly PricedRecord[]): string {
  const rows = group.map(({ record, peakLiveBytes, errorPercent }) => {
    const both = `${gib(record.peak_bytes_estimate)} | ${gib(peakLiveBytes)} | ${signed(errorPercent)}`;
    return `| ${record.target} | ${configText(record)} | ${both} |`;
  });
  return [`${head} compiled GiB | predicted GiB | error |`, '|---|---|---|---|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** The compiler's number has no constants, the process has. */
export function isInRange({ record, process: { range, peakAllocatedBytes }, peakLiveBytes }: PricedRecord): boolean {
  const compiled = record.peak_bytes_estimate + peakAllocatedBytes - peakLiveBytes;
  return compiled >= range.lowBytes && compiled <= range.highBytes;
}

export function rangeTable(group: readonly PricedRecord[]): string {
  const rows = group.map((each) => {
    const { record, process, peakLiveBytes, errorPercent } = each;
    const { lowBytes, highBytes } = process.range;
    const inside = isInRange(each) ? 'yes' : 'no';
    const bounds = `${gib(lowBytes)}–${gib(highBytes)}`;
    return `| ${record.target} | ${configText(record)} | ${gib(record.peak_bytes_estimate)} | ${gib(peakLiveBytes)} | ${signed(errorPercent)} | ${bounds} | ${inside} |`;
  });
  const columns = `${head} compiled GiB | number GiB | error | range GiB | inside |`;
  return [columns, '|---|---|---|---|---|---|---|---|---|---|---|---|', ...rows].join('\n');
}

function remattedTable(group: readonly PricedRecord[]): string {
  const rows = group.map(({ record, peakLiveBytes, process: { xlaRemat } }) => {
    const gemm = record.gemm_mode === 'cublas' ? 'cuBLAS' : 'Triton';
    const reduced = xlaRemat?.peakLiveBytes === undefined ? '–' : gib(xlaRemat.peakLiveBytes);
    const card = `${record.target}, ${(record.device_memory_bytes / 1e9).toFixed(1)} GB, ${gemm}`;
    return `| ${card} | ${configText(record)} | ${gib(peakLiveBytes)} | ${xlaRemat?.kind} | ${reduced} | ${gib(record.peak_bytes_estimate)} |`;
  });
  const columns = `${head} as written GiB | we say | at best GiB | compiled GiB |`;
  return [columns, '|---|---|---|---|---|---|---|---|---|---|---|', ...rows].join('\n');
}

export function summary(name: string, group: readonly PricedRecord[]): string {
  const errors = group.map(({ errorPercent }) => errorPercent);
  const sizes = errors.map(Math.abs);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const figures = [quantile(sizes, 0.5), quantile(sizes, 0.9), Math.max(...sizes)].map((value) => value.toFixed(2));
  const under = Math.max(0, ...errors.map((error) => -error)).toFixed(2);
  return `| ${name} | ${group.length} | ${figures.join(' | ')} | ${under} | ${mean.toFixed(2)} |`;
}

export const accuracyPage = (groups: Groups): string => `# JAX: what XLA:GPU allocates, and how well it is predicted

Generated by \`tests/runtimes/xla/records.test.ts\`. Compiled: DeepMind's training step (google-deepmind/graphcast 08cf736, GraphCast →
Bfloat16Cast → InputsAndResiduals → autoregressive.Predictor → loss → gradients → clipping and AdamW, parameters and optimizer state
donated), ahead of time by the real XLA:GPU compiler for a described card, nothing executed. The number is arguments + outputs −
aliased + temporaries of \`memory_analysis()\`, in which constants and the CUDA context are not. Errors are predicted ÷ compiled − 1.

The rules (\`src/runtimes/xla/\`) write down the kernels that XLA runs, in order, with what each of them reads; a buffer is freed after
its last reader. No constant is fitted. They were read off the buffer assignment of compiled steps, among them config A
(1°, 512/16, bf16). The hold-out rows were drawn at random and compiled after
them; when the first two were there, one rule was corrected (where the head's weight gradient runs inside a rollout's loop). Measured, not derived, are the error bars of the
range and the largest saving of XLA's own recomputation.

How many arrays as wide as the prediction meet in the loss is no rule in one case, that of one step in bf16 on Hopper or in fp32: XLA's
fusion finds all choices equally good, and roundings decide, shape by shape (\`loss-head-width.ts\`). The number has the middle, 5.5; the
range has all, from 1 to 10. The second hold-out was drawn and compiled when that was written; \`tests/runtimes/xla/draw.ts\` draws it again.

| group | steps | median % | 90th percentile % | worst % | worst under % | mean % |
|---|---|---|---|---|---|---|
${summary('cuBLAS products', groups.plain)}
${summary('cuBLAS products, hand-added recomputation', groups.planned)}
${summary('rollout without gradient checkpointing', groups.unchecked)}
${summary('hold-out', groups.holdout)}
${summary('second hold-out', groups.secondHoldout)}
${summary('inference, cuBLAS products', groups.inference)}
${summary('inference, the steps that the rules were read off', groups.inferenceRules)}
${summary('inference, 10 to 40 rollout steps', groups.inferenceRollout)}
${summary('inference, drawn at random', groups.inferenceDrawn)}
${summary('inference, drawn again', groups.inferenceDrawnAgain)}
${summary('inference, drawn last', groups.inferenceDrawnLast)}
${summary('inference, long rollouts drawn after the order of least memory', groups.inferenceDrawnRollouts)}
${summary('inference, few layers, drawn after what two products read', groups.inferenceDrawnFewLayers)}
${summary('inference, drawn after the arena', groups.inferenceDrawnArena)}
${summary('inference, fp32 of a power of two', groups.inferenceEither)}
${summary('inference, fp32 of a power of two, drawn after the rule', groups.inferenceEitherDrawn)}
${summary('inference, cards without bf16', groups.inferenceOlderCards)}
${summary('inference, cards without bf16, drawn at random', groups.inferenceOlderCardsDrawn)}

## Second hold-out, cuBLAS products

${rangeTable(groups.secondHoldout)}

## Hold-out, cuBLAS products

${scoredTable(groups.holdout)}

## cuBLAS products

${scoredTable(groups.plain)}

## Hand-added recomputation, cuBLAS products

${scoredTable(groups.planned)}

## Rollout without gradient checkpointing

A step's residuals are stacked; more such steps stand under *Several cards, accumulation, optimizers*.

${scoredTable(groups.unchecked)}

## Triton products

The number is cuBLAS's, the range covers both.

${rangeTable(groups.triton)}

## Inference

DeepMind's predictor (Bfloat16Cast, InputsAndResiduals, autoregressive.Predictor) compiled as a program of its own: one step, or all steps
of a rollout in one program. Nothing is kept, so the peak is the widest moment: the edges of the decoder or of the processor's mesh.
Results have memory of their own from the start, in which other arrays lie until they are written: a long rollout is not a straight line.

${scoredTable(groups.inference)}

One configuration, more and more steps in one program:

${scoredTable(groups.inferenceRollout)}

Drawn at random:

${scoredTable(groups.inferenceDrawn)}

Drawn again (\`tests/runtimes/xla/draw.ts\`), and compiled after the rule *overwritten*, which was read off five of those above, all of them
long rollouts. The first was 13.7 % off until additions counted (\`written-sums.ts\`):

${scoredTable(groups.inferenceDrawnAgain)}

Drawn last, and compiled when both stood. 384/11 was 4.1 % too low until the embedded grid nodes were normalised once, where their statistics
are too many for the cores' caches (\`inference.ts\`):

${scoredTable(groups.inferenceDrawnLast)}

Drawn after two more rules. Of two orders of a loop's kernels XLA takes the one that needs less, and where the loop's state is larger than
either it does not see the difference (\`memory-order.ts\`; ten rollouts of these tables were up to 6.2 % too low until then, one is 2 % farther
off). And what is an operand of a product is not overwritten by a sum that reads it too:

${scoredTable(groups.inferenceDrawnRollouts)}

Of 192/8 the arrays alive at once are 91.5 MB of an arena of 100.2: the rest lies between arrays (\`arena.ts\`). XLA lays arrays out twice, the
largest first and those that live longest first, and takes the smaller arena. Given XLA's own lifetimes and sizes that gives its arena to the
byte, of 22 forecasts of 22. Given ours it was up to 12 % too large, until four things were read off these arenas: a sum of edges or nodes is
written over the sum before; rows that a product wants padded are not written over the product that they are read from, in a result either; the
next input is copied into the loop's own state; and of several samples the loop holds its forcings once more, by time. 192/8 went from −4.26 to
−0.05 %, 384/5 of 24 steps above from 3.68 to 1.05, the 20 steps of 256/9/2 from −3.61 to −1.62. Drawn after all of it
are ten, none of which has gaps to speak of, and of eighty the seven whose number gaps move by 0.3 % or more:

${scoredTable(groups.inferenceDrawnArena)}

Drawn after the sums that two products read, and nothing else (\`written-sums.ts\`): three layers of 512 on mesh 5 were 13.6 % too low until
then with cuBLAS's products, and 20 % with Triton's, and the 30 steps of 320/3 above 2.9 %:

${scoredTable(groups.inferenceDrawnFewLayers)}

On cards without bf16 (here a V100) products are f32, what is gathered is bf16, and both wait. Drawn at random after these rules:

${scoredTable(groups.inferenceOlderCardsDrawn)}

The steps that these rules were read off:

${scoredTable(groups.inferenceOlderCards)}

The steps that the other rules were read off:

${scoredTable(groups.inferenceRules)}

In fp32 with a width that is a power of two, XLA either gathers inside an edge's concatenation or normalises there. Both save the same time
but for how it rounds to quarters of a nanosecond, and \`norm-or-gather.ts\` rounds as XLA does (up to 42 % too much before it did). A card of
another clock may round to the other: the range has both. The steps that the rule was read off, or compared with:

${rangeTable(groups.inferenceEither)}

Drawn and compiled after it:

${rangeTable(groups.inferenceEitherDrawn)}

With Triton products the range goes down to an arena without the products' workspace:

${rangeTable(groups.inferenceTriton)}

## Array by array

The buffer assignment of eight compiled steps, one per kind, against the arrays that are predicted to be alive at the peak: how many bytes of
the compiled ones have the same type and shape, and what differs most. Axes are sorted, for XLA holds some arrays transposed; latitudes and
longitudes are one axis. All are 2°, mesh 5, 256/6, but for \`blocks\`: 1°, mesh 4, all networks recomputed, edges in four slices.

${arraysTable(compiledSteps.map(compareArrays))}

${gencastSection()}

${weatherNextSection()}

${recipesSection()}

${versionsSection()}

## What each rule is worth

Every compiled step of the scored groups was priced again with one rule left out; median and worst are of the steps that the rule moves.
Steps that the latency hiding scheduler reorders count for its rule alone: another one moves there little but what it finds equally good, nearer
or not (of several samples per card most are nearer without \`encoderEarly\`, and one large fp32 step leaves its range without it).

${ruleTable(groups.worths)}

## Recomputed by the compiler

Not scored: \`peakLiveBytes\` is the program as written. \`uncertain\` and \`fails\` are for a live client with 0.75 of the card, which is
stricter than the 0.8 of these ahead-of-time compiles.

${remattedTable(groups.rematted)}

## Published figures

${publishedTable()}
`;
