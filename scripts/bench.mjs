/**
 * How long a person waits, what an answer costs, and how both grow: every command a process of its own, next to an empty one. `npm run bench`,
 * after `npm run build`; `--against DIR` runs each in turn in another built checkout too, `--only PART` one part of it, `--runs N`
 * makes each a median of so many.
 */
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: typed } = parseArgs({
  options: { against: { type: 'string' }, only: { type: 'string' }, runs: { type: 'string' } },
});
const here = fileURLToPath(new URL('..', import.meta.url));
const checkouts = typed.against === undefined ? [here] : [typed.against, here];
const longestMs = 300_000;
const runs = Number(typed.runs ?? 1);

/** Tells the parent what it took, workers included. */
const hook = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeSync(3, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, mebibytes: maxRSS / 1024 }));
  });`,
)}`;

/** CPU seconds, wall seconds and MiB of one process; why there are none: it takes more than five minutes, or that checkout knows it not. */
function measured(checkout, args) {
  const command = checkout === undefined ? ['-e', '0'] : [join(checkout, 'bin/run.js'), ...args];
  const begin = performance.now();
  const { output, status } = spawnSync(process.execPath, ['--import', hook, ...command], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  if (status === null) return `> ${longestMs / 1e3} s`;
  // 1: it does not fit. 2: the other checkout has no such model or option.
  if (status === 2 && checkout !== here) return 'not known';
  if (status > 1) throw new Error(`${args.join(' ')} exited ${status}`);
  return { ...JSON.parse(String(output[3])), status, wall: (performance.now() - begin) / 1e3 };
}

/** Medians of `runs`, the checkouts one after the other each time: what slows the machine down slows both. */
function paired(args) {
  const all = checkouts.map(() => []);
  for (let i = 0; i < runs; i++)
    for (const [which, checkout] of checkouts.entries()) {
      if (typeof all[which][0] !== 'string') all[which].push(measured(checkout, args));
    }
  return all.map(
    (each) => each.find((one) => typeof one === 'string') ?? each.toSorted((a, b) => a.cpu - b.cpu)[runs >> 1],
  );
}

const shown = (one) =>
  typeof one === 'string'
    ? one.padStart(24)
    : `${one.cpu.toFixed(2).padStart(7)} CPU s ${one.mebibytes.toFixed(0).padStart(5)} MiB`;

function row(command) {
  const all = paired(command.split(' '));
  const [before, after] = all;
  const ratio = before?.cpu && after?.cpu ? ` × ${(after.cpu / before.cpu).toFixed(2)}` : '';
  console.log(`  ${command.padEnd(84)} ${all.map(shown).join(' →')}${ratio}`);
  return all.at(-1);
}

/** By runtime: a configuration, a card on which it fits, and one on which it does not. */
const answers = {
  jax: [
    ['graphcast-small', '--gpu a100-80gb', '--gpu t4'],
    ['graphcast-operational', '--gpu h200', '--gpu rtx-4090'],
    ['gencast-mini', '--gpu h200', '--gpu t4'],
  ],
  pytorch: [
    ['graphcast-small', '--gpu a100-80gb', '--gpu t4'],
    ['graphcast-operational', '--vram 512GB', '--gpu rtx-4090'],
    ['physicsnemo-graphcast', '--gpu h200', '--gpu a100-40gb'],
    ['anemoi-gnn', '--gpu h200', '--gpu t4'],
    ['anemoi-graphtransformer', '--gpu h200', '--vram 8GB'],
    ['graph-weather', '--gpu h200', '--vram 8GB'],
    ['neural-lam', '--gpu h200', '--vram 4GB'],
  ],
  tfjs: [
    ['graphcast-small', '--vram 512GB', '--gpu t4'],
    ['graphcast-operational', '--vram 2TB', '--gpu rtx-4090'],
  ],
};

const slow = [
  'solve tiny --for batch --vram 80GiB --recipe fine-tuning',
  'solve gencast-mini --for layers --vram 512GB',
  'solve anemoi-graphtransformer --for resolution --gpu a100-80gb',
  'estimate graphcast-small --runtime tfjs --gpu k80 --accumulate 5 --output-channels 33',
  'estimate graphcast-small --runtime tfjs --gpu t4',
  'advise tiny --runtime pytorch --layers 1024 --concat-trick=fused --vram 96GB',
];

/** The default space and one of 2,250 sizes; with `--runtime`. */
const searches = [
  'sweep graphcast-small --vram 24GB',
  'sweep graphcast-small --vram 24GB --hidden-dim 32..1024:8 --layers 4,8,16 --batch 1,2,4 --checkpoint none,encoder+processor:every=2',
];

const curvesIn = (runtime) => [
  ['layers', [16, 64, 256, 1024]],
  ['rollout', runtime === 'jax' ? [1, 10, 100, 1000] : [1, 12, 24, 100]],
  ['accumulate', [1, 256, 65536]],
  ['batch', [1, 64, 4096]],
];

/** As many as wanted: 250 widths and some batches share a structure, each depth is another. */
const spaces = [
  [100, '--hidden-dim 32..224:8 --batch 1..4 --layers 4'],
  [1_000, '--hidden-dim 32..2024:8 --batch 1..4 --layers 4'],
  [10_000, '--hidden-dim 32..2024:8 --batch 1..4 --layers 4..13'],
  [100_000, '--hidden-dim 32..2024:8 --batch 1..40 --layers 4..13'],
  [500_000, '--hidden-dim 32..2024:8 --batch 1..40 --layers 4..53'],
];
/** A verdict in PyTorch is a replay: ten times as many take minutes. */
const mostCandidates = { jax: 500_000, pytorch: 10_000 };

const parts = {
  waiting() {
    const empty = measured(undefined, []);
    console.log(`node -e 0: ${shown(empty)}`);
    for (const command of [
      '--version',
      'estimate --runtime pytorch --json',
      'estimate graphcast --runtime pytorch --json',
    ]) {
      const { cpu } = row(command);
      console.log(`    ${(cpu / empty.cpu).toFixed(1)} × node -e 0`);
    }
  },
  no() {
    for (const [runtime, rows] of Object.entries(answers)) {
      for (const [model, enough, tooSmall] of rows) {
        const fits = row(`estimate ${model} --runtime ${runtime} ${enough}`);
        const not = row(`estimate ${model} --runtime ${runtime} ${tooSmall}`);
        if (fits.status !== 0 || not.status !== 1)
          throw new Error(`${model}: the cards of this row have other answers`);
        console.log(`    no ÷ yes: ${(not.cpu / fits.cpu).toFixed(2)}`);
      }
    }
  },
  slow() {
    for (const command of slow) row(command);
  },
  search() {
    for (const command of searches) for (const runtime of Object.keys(answers)) row(`${command} --runtime ${runtime}`);
  },
  growth() {
    for (const runtime of Object.keys(answers)) {
      for (const [option, numbers] of curvesIn(runtime))
        for (const number of numbers) row(`estimate tiny --runtime ${runtime} --vram 512GB --${option} ${number}`);
    }
    for (const gpus of [1, 2, 8, 32]) {
      const cards = gpus === 1 ? '' : ` --parallel zero2 --gpus ${gpus}`;
      row(`estimate graphcast-small --runtime pytorch --vram 512GB${cards}`);
    }
  },
  candidates() {
    for (const [runtime, most] of Object.entries(mostCandidates)) {
      for (const [number, axes] of spaces.filter(([each]) => each <= most)) {
        for (const workers of [1, 2]) {
          console.log(`    ${number.toLocaleString('en-US')} candidates`);
          row(
            `sweep tiny --runtime ${runtime} --vram 24GB --precision fp32 --checkpoint none ${axes} --workers ${workers}`,
          );
        }
      }
    }
  },
};

console.log(
  `load ${loadavg()[0].toFixed(1)}; CPU seconds and memory of a process${typed.against === undefined ? '' : `, in ${typed.against} → here`}`,
);
for (const [name, part] of Object.entries(parts)) {
  if (typed.only !== undefined && typed.only !== name) continue;
  console.log(`\n${name}`);
  part();
}
