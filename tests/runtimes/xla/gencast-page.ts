/** GenCast's part of docs/jax.md. */
import { quantile } from '../../statistics.js';
import { type GencastRecord, gencastGroups, type PricedGencast } from './gencast-records.js';

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(3);
const signed = (percent: number) => `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(2)} %`;

const head =
  '| what | grid, mesh, hops | H/L, heads | attention | precision | batch | recomputed | compiled GiB | predicted GiB | error |';

function row({ record, compiledBytes, live, errorPercent }: PricedGencast): string {
  const { mode, lat, lon, mesh, k_hop, d_model, layers, heads, hidden_layers, attention, dtype, batch, remat } = record;
  const width = `${d_model}/${layers}${hidden_layers > 1 ? `/${hidden_layers}` : ''}, ${heads}`;
  const how = `${attention === 'mha' ? 'mha' : 'triblockdiag'} | ${dtype === 'f32' ? 'fp32' : 'bf16'} | ${batch}`;
  const cells = `${what(mode)} | ${lat}×${lon}, M${mesh}, ${k_hop} | ${width} | ${how} | ${remat}`;
  return `| ${cells} | ${gib(compiledBytes)} | ${gib(live.peak.liveBytes)} | ${signed(errorPercent)} |`;
}

const what = (mode: GencastRecord['mode']): string =>
  mode === 'sampler' ? 'sampler' : mode === 'train' ? 'training step' : 'gradient';

const table = (group: readonly PricedGencast[]): string =>
  [head, '|---|---|---|---|---|---|---|---|---|---|', ...group.map(row)].join('\n');

function summary(name: string, group: readonly PricedGencast[]): string {
  const sizes = group.map(({ errorPercent }) => Math.abs(errorPercent));
  return `| ${name} | ${group.length} | ${quantile(sizes, 0.5).toFixed(2)} | ${Math.max(...sizes).toFixed(2)} |`;
}

export function gencastSection(): string {
  const { samplers, trainings, rules, drawn } = gencastGroups();
  return `## GenCast

Sampler and training step of google-deepmind/graphcast 08cf736 (gencast.py), cuBLAS products. Mask and Legendre functions are arguments of
these compiles and constants of the released code: they are in neither column (\`peakAllocatedBytes\` has them). The arena here holds the gaps
between arrays too, packed as XLA packs (\`packing.ts\`). Kernels were read off the buffer assignment of the first two tables' steps and of
those under *read off*; the last table was drawn at random and compiled after them. With Triton products nothing was compiled.

| group | steps | median % | worst % |
|---|---|---|---|
${summary('sampler', samplers)}
${summary('training step, gradient', trainings)}
${summary('read off', rules)}
${summary('drawn at random', drawn)}

${table([...samplers, ...trainings])}

Read off:

${table(rules)}

Drawn at random:

${table(drawn)}

Four numbers are read off compiles and not derived: nine gradients of variables meet in the loss; the weights of five layers are computed
again at once in bf16; a recomputed layer pads all operands of its backward products at once where the logits take less than 2 GiB; and f32
rows that Triton normalised are kept up to 65,535 of them.`;
}
