/**
 * What every configuration comes to, so that a change of structure can be held against what stood before: `write FILE` draws
 * configurations over all models, runtimes, modes, plans and cards and stores the hash of each one's program and trace beside its numbers;
 * `check FILE` prices them again and lists what differs. Runs `dist/`: `npm run build` first.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resolverFor } from '../dist/options/resolve.js';
import { programOf, traceOf } from '../dist/parallel/index.js';
import { priced } from '../dist/services/priced.js';

// What this user verified widens a range; a fingerprint is the same for everybody.
process.env.XDG_DATA_HOME = 'no-ledger';

const [action, file = fileURLToPath(new URL('../tests/data/fingerprint.jsonl', import.meta.url))] =
  process.argv.slice(2);

/** mulberry32: the same draws everywhere. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

/** Each with its own seed, so that models which came later leave the rows before them as they are. */
const draws = [
  {
    seed: 20261129,
    wanted: 3200,
    models: [
      'graphcast-small',
      'graphcast',
      'graphcast-operational',
      'physicsnemo-graphcast',
      'anemoi-gnn',
      'anemoi-graphtransformer',
      'graph-weather',
      'neural-lam',
      'tiny',
    ],
  },
  { seed: 20261130, wanted: 300, models: ['gencast-mini', 'gencast-1deg', 'weathernext2-mini', 'aifs-single'] },
];

const choices = {
  runtime: [undefined, undefined, 'jax', 'pytorch', 'tfjs'],
  'hidden-dim': [undefined, 32, 64, 128, 256, 384, 512],
  layers: [undefined, 3, 4, 5, 8, 12],
  'mesh-level': [2, 3, 4, 5],
  grid: ['32x64', '46x90', '91x180', '181x360', undefined],
  precision: [undefined, undefined, 'fp32', 'bf16', 'fp16', 'bf16-full'],
  mode: [undefined, undefined, undefined, 'inference'],
  batch: [undefined, undefined, 1, 2, 4],
  accumulate: [undefined, undefined, undefined, 2, 8],
  rollout: [undefined, undefined, undefined, 1, 2, 3],
  optimizer: [undefined, undefined, 'adamw', 'adamw-fused', 'adam', 'sgd', 'momentum', 'none', 'adafactor'],
  checkpoint: [
    undefined,
    'none',
    'encoder',
    'encoder+decoder',
    'model',
    'rollout',
    'processor:every=1',
    'encoder+decoder+processor:every=2',
    'processor:segments=2',
    'encoder+decoder+edges:blocks=4',
  ],
  processor: [undefined, undefined, undefined, undefined, 'attention', 'gated', 'gated-edges'],
  'concat-trick': [undefined, undefined, 'off', 'eager', 'fused'],
  allocator: [undefined, undefined, 'native', 'expandable'],
  tape: [undefined, undefined, 'fused', 'lean'],
  gpu: [undefined, 't4', 'rtx-4090', 'a100-40gb', 'h100-80gb'],
  parallel: [undefined, undefined, undefined, undefined, 'data', 'zero1', 'zero3', 'pipeline', 'tensor'],
};

function draw(next, models) {
  const pick = (list) => list[Math.floor(next() * list.length)];
  const flags = {};
  for (const [key, values] of Object.entries(choices)) {
    const value = pick(values);
    if (value !== undefined) flags[key] = String(value);
  }
  if (flags.parallel !== undefined) flags.gpus = pick(['2', '4']);
  return { model: pick(models), flags };
}

const hash = (value) =>
  createHash('sha256')
    .update(JSON.stringify(value, (_, part) => (ArrayBuffer.isView(part) ? [...part] : part)))
    .digest('hex')
    .slice(0, 12);

/** What a trace held when the fingerprint was taken: events, layouts, marks, and who made what. */
const withoutLaterColumns = ({ operationBlocks, bufferOrigin, turnMarks, ...trace }) => trace;

async function priceOf({ model, flags }) {
  const config = (await resolverFor({ model, flags }))();
  const program = programOf(config);
  const { counts, parameters, memory, peak, verdict, cost } = priced(config);
  return {
    program: hash(program),
    trace: hash(withoutLaterColumns(traceOf(config, program))),
    numbers: hash({ counts, parameters, memory, peak, cost }),
    live: memory.peakLiveBytes,
    high: memory.range.highBytes,
    verdict: verdict.kind,
  };
}

if (action === 'write') {
  const rows = [];
  for (const { seed, wanted, models } of draws) {
    const next = random(seed);
    const end = rows.length + wanted;
    while (rows.length < end) {
      const configuration = draw(next, models);
      try {
        rows.push({ ...configuration, ...(await priceOf(configuration)) });
      } catch (error) {
        if (error.code === undefined) console.log(JSON.stringify(configuration), String(error));
      }
    }
  }
  writeFileSync(file, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  console.log(`${rows.length} configurations in ${file}`);
} else {
  const rows = readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);
  const differing = new Map();
  for (const { model, flags, ...before } of rows) {
    let after;
    try {
      after = await priceOf({ model, flags });
    } catch (error) {
      after = { refused: error.code ?? String(error) };
    }
    const keys = after.refused
      ? [`refused: ${after.refused}`]
      : Object.keys(before).filter((key) => before[key] !== after[key]);
    if (keys.length === 0) continue;
    const kind = keys.join(' ');
    differing.set(kind, [...(differing.get(kind) ?? []), { model, flags, before, after }]);
  }
  for (const [kind, cases] of differing)
    console.log(`${cases.length} differ in ${kind}; the first: ${JSON.stringify(cases[0])}`);
  console.log(`${rows.length} configurations, ${[...differing.values()].flat().length} differ`);
  process.exitCode = differing.size === 0 ? 0 : 1;
}
