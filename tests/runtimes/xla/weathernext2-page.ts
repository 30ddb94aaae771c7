/** WeatherNext 2's part of docs/jax.md. */
import { quantile } from '../../statistics.js';
import { type PricedWeatherNext, type WeatherNextRecord, weatherNextGroups } from './weathernext2-records.js';

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(3);
const signed = (percent: number) => `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(2)} %`;

const head =
  '| what | grid, mesh, hops | H/L, heads | precision | batch × samples | steps | recomputed | compiled GiB | predicted GiB | error |';

const whats: Readonly<Record<WeatherNextRecord['mode'], string>> = {
  infer: 'forecast',
  loss: 'loss',
  grad: 'gradient',
  train: 'training step',
};

function row({ record, compiledBytes, live, errorPercent }: PricedWeatherNext): string {
  const { mode, lat, lon, mesh, k_hop, d_model, layers, heads, dtype, batch, samples, steps, remat } = record;
  const size = mode === 'infer' ? `${batch}` : `${batch} × ${samples}`;
  const cells = `${whats[mode]} | ${lat}×${lon}, M${mesh}, ${k_hop} | ${d_model}/${layers}, ${heads}`;
  const how = `${dtype === 'f32' ? 'fp32' : 'bf16'} | ${size} | ${steps} | ${remat === '' ? 'none' : remat}`;
  return `| ${cells} | ${how} | ${gib(compiledBytes)} | ${gib(live.peak.liveBytes)} | ${signed(errorPercent)} |`;
}

const table = (group: readonly PricedWeatherNext[]): string =>
  [head, '|---|---|---|---|---|---|---|---|---|---|', ...group.map(row)].join('\n');

function summary(name: string, group: readonly PricedWeatherNext[]): string {
  const sizes = group.map(({ errorPercent }) => Math.abs(errorPercent));
  return `| ${name} | ${group.length} | ${quantile(sizes, 0.5).toFixed(2)} | ${Math.max(...sizes).toFixed(2)} |`;
}

export function weatherNextSection(): string {
  const { forecasts, trainings, rules, drawn } = weatherNextGroups();
  return `## WeatherNext 2

Forecast, gradient and training step of google-deepmind/weathernext 9c034db (weathernext2/), cuBLAS products. The attention mask is an argument
of these compiles and a constant of the released code: it is in neither column (\`peakAllocatedBytes\` has it). Recomputed: \`g2m\` and \`m2g\` are the
configuration's flags (\`encoder\`, \`decoder\`), \`block\` and \`every=K\` groups of the transformer's layers (\`processor:every=K\`); a rollout's
gradient has the wrapper's checkpointing. Kernels were read off the buffer assignment of Mini's forecast and gradient of two layers, of a batch
of two, and of the steps under *read off*; the last table was drawn by a seed and compiled after them (the fifth was −8.3 %: in fp32 the sums of
grid rows of several samples are left to their readers, as in the forecast with a batch of two; the two behind it were compiled beside it, and compared after that rule). With Triton products nothing was compiled.

| group | steps | median % | worst % |
|---|---|---|---|
${summary('forecast', forecasts)}
${summary('gradient, training step', trainings)}
${summary('read off', rules)}
${summary('drawn at random', drawn)}

${table([...forecasts, ...trainings])}

Read off:

${table(rules)}

Drawn at random:

${table(drawn)}

A softmax holds six logits-sized arrays in every one of these compiles, and three in most readings of real cards, whose products are tried out:
the number has six, the low end of the range three.

| reading (Faster-WeatherNext, JAX 0.11.2, fp32, temporaries) | read GiB | six arrays | three arrays |
|---|---|---|---|
| Mini, products of the highest precision, RTX 5090 | 2.65 | 2.67 | 1.49 |
| Mini, RTX 5090 | 1.54 | 2.67 | 1.49 |
| Mini, L4 | 1.523 | 2.67 | 1.49 |
| Mini, batch 2, RTX 5090 | 3.21 | 5.44 | 3.06 |
| Cyclones, 0.25°, A100 80 GB | 33.0 | 61.1 | 32.8 |

Read off compiles and not derived: the encoder's messages are kept normalised beside their product and the decoder's are not (gradients on meshes 4
and 5, of 1 and 2 degrees; of the drawn ones one keeps the decoder's too, one the embedded grid rows, which is their error); of several samples the weights of a softmax are kept for the backward pass (here in fp32 and bf16, and GenCast's step
with a batch of two in bf16, compiled afterwards: +0.8 %). A rollout without its checkpointing is refused: two steps were compiled at 77.7 GiB where one takes 20.9.`;
}
