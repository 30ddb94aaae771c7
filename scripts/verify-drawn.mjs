/**
 * Draws configurations by a seed, captures each from the code bases' own classes in a given Python, and appends what came of it.
 *
 *   npm run build && node scripts/verify-drawn.mjs --python ~/venv/bin/python --seed 17 --count 36 --out tests/data/verified-pytorch.jsonl
 *
 * Equal seeds draw equal configurations: environments are compared line by line. tests/verify/capture/versions.test.ts reads the file and
 * writes docs/versions.md from it.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { resolveConfig } from '../dist/options/resolve.js';
import { verifyConfigCaptured } from '../dist/services/verify-captured.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    seed: { type: 'string', default: '17' },
    count: { type: 'string', default: '36' },
    first: { type: 'string', default: '0' },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});

/** Mulberry32. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Dice {
  constructor(seed) {
    this.next = random(seed);
  }
  /** Both ends included. */
  whole(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  of(...choices) {
    return choices[this.whole(0, choices.length - 1)];
  }
  chance(probability) {
    return this.next() < probability;
  }
}

const recipe = (dice, precisions) => {
  const flags = {
    precision: dice.of(...precisions),
    optimizer: dice.of('adamw', 'adamw-fused', 'adam', 'momentum', 'sgd'),
  };
  if (dice.chance(0.2)) return { precision: flags.precision, mode: 'inference', checkpoint: 'none' };
  if (dice.chance(0.15)) flags.ema = true;
  if (dice.chance(0.15) && flags.optimizer.startsWith('adam')) flags.amsgrad = true;
  if (dice.chance(0.15)) flags['set-to-none'] = false;
  if (dice.chance(0.2)) flags.accumulate = '2';
  return flags;
};
const join = (parts) => parts.filter(Boolean).join('+') || 'none';
const all = ['fp32', 'bf16', 'fp16', 'bf16-full'];

const draws = [
  ['physicsnemo-graphcast', physicsnemo],
  ['anemoi-graphtransformer', anemoi],
  ['anemoi-gnn', anemoi],
  ['anemoi-transformer', anemoi],
  ['neural-lam', neuralLam],
  ['graph-weather', graphWeather],
];

function physicsnemo(dice) {
  const channels = dice.whole(3, 40);
  const rollout = dice.of(1, 1, 2, 3);
  const layers = dice.whole(3, 7);
  const flags = {
    ...recipe(dice, all),
    grid: dice.of('32x64', '46x90', '61x120'),
    'mesh-level': String(dice.whole(2, 4)),
    'hidden-dim': String(16 * dice.whole(1, 8)),
    layers: String(layers),
    'mlp-hidden-layers': String(dice.whole(1, 2)),
    'input-channels': String(rollout > 1 ? channels : dice.whole(3, 60)),
    'output-channels': String(channels),
    rollout: String(rollout),
    'concat-trick': dice.of('off', 'eager'),
    'recompute-activation': false,
  };
  if (flags.mode === 'inference') return flags;
  const plans = [
    join([
      dice.chance(0.4) && 'encoder',
      dice.of('', '', 'processor:segments=1', 'processor:every=1'),
      dice.chance(0.4) && 'decoder',
    ]),
  ];
  if (rollout > 1) plans.push('rollout');
  return { ...flags, checkpoint: dice.of(...plans, 'model') };
}

function anemoi(dice, model) {
  const diagnostic = dice.whole(0, 5);
  const prognostic = dice.whole(4, 40);
  const layers = dice.of(2, 4, 6);
  const isTransformer = model.endsWith('-transformer');
  const flags = {
    ...recipe(dice, all),
    grid: dice.of('32x64', '46x90'),
    'mesh-level': String(dice.whole(2, 4)),
    'hidden-dim': String(32 * dice.whole(1, 4)),
    layers: String(layers),
    batch: String(dice.of(1, 1, 2, 3)),
    'input-channels': String(2 * (prognostic + dice.whole(1, 9))),
    'output-channels': String(prognostic + diagnostic),
    'diagnostic-channels': String(diagnostic),
  };
  if (model !== 'anemoi-gnn') Object.assign(flags, { heads: String(dice.of(2, 4, 8)), 'qk-norm': dice.chance(0.4) });
  if (model === 'anemoi-graphtransformer' || isTransformer) flags['attention-backend'] = 'pyg';
  if (isTransformer) {
    flags['attention-implementation'] = flags.precision === 'fp32' ? 'sdpa' : dice.of('flash', 'sdpa');
    // Windows make a mask of all rows in every layer under SDPA.
    flags['window-size'] = String(dice.of(-1, 128));
  }
  if (flags.mode === 'inference') return flags;
  return {
    ...flags,
    checkpoint: join([
      dice.chance(0.5) && 'encoder',
      dice.chance(0.5) && `processor:every=${dice.of(1, 2)}`,
      dice.chance(0.5) && 'decoder',
    ]),
  };
}

function neuralLam(dice) {
  const states = dice.whole(3, 30);
  const flags = {
    ...recipe(dice, all),
    grid: dice.of('32x64', '46x90'),
    'mesh-level': String(dice.whole(2, 4)),
    'hidden-dim': String(16 * dice.whole(1, 8)),
    layers: String(dice.whole(1, 6)),
    'mlp-hidden-layers': String(dice.whole(1, 2)),
    batch: String(dice.whole(1, 4)),
    'input-channels': String(2 * states + dice.whole(1, 12)),
    'output-channels': String(states),
  };
  return flags.mode === 'inference' ? flags : { ...flags, checkpoint: dice.of('none', 'none', 'model') };
}

function graphWeather(dice) {
  const channels = String(dice.whole(3, 40));
  const layers = dice.whole(2, 6);
  const flags = {
    ...recipe(dice, ['fp32', 'bf16', 'fp16']),
    grid: dice.of('32x64', '46x90'),
    // At levels 0 and 1 the twelve pentagons are more than 0.1 % of the decoder's edges (docs/code-bases.md).
    'mesh-level': '2',
    'hidden-dim': String(16 * dice.whole(1, 8)),
    layers: String(layers),
    'mlp-hidden-layers': String(dice.whole(1, 3)),
    batch: String(dice.whole(1, 3)),
    'input-channels': channels,
    'output-channels': channels,
  };
  if (flags.mode === 'inference') return flags;
  return {
    ...flags,
    checkpoint: dice.of(
      'none',
      'model',
      'encoder+decoder',
      'processor:every=1',
      `encoder+decoder+processor:every=${layers}`,
    ),
  };
}

const first = Number(values.first);
for (let number = first; number < first + Number(values.count); number++) {
  const [model, draw] = draws[number % draws.length];
  if (values.only !== undefined && !model.startsWith(values.only)) continue;
  const flags = draw(new Dice(Number(values.seed) * 10_007 + number), model);
  const drawn = { seed: Number(values.seed), number, model, flags };
  let line;
  try {
    const config = await resolveConfig({ model, flags: { runtime: 'pytorch', ...flags } });
    const { versions, predicted, measured, errorsPercent, firstDivergence } = await verifyConfigCaptured(config, {
      python: values.python,
      timeoutMs: 900_000,
      tolerancePercent: 1,
    });
    line = { ...drawn, versions, predicted, measured, firstDivergence };
    console.log(
      number,
      model,
      errorsPercent.peakLiveBytes.toFixed(4),
      errorsPercent.forwardEndBytes.toFixed(4),
      JSON.stringify(flags),
    );
  } catch (error) {
    line = { ...drawn, refused: error.message };
    console.log(number, model, error.message.slice(0, 400), JSON.stringify(flags));
  }
  if (values.out !== undefined) appendFileSync(values.out, `${JSON.stringify(line)}\n`);
}
