/**
 * Prints how fast a sweep is, with one worker per core: live bytes of 512,000 candidates in each runtime, verdicts in PyTorch, the
 * default sweep as a process, and what a loop over `estimate` and its resolving of flags would take. Runs `dist/`: `npm run build` first.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { loadDevice } from '../dist/config/profiles.js';
import { counts } from '../dist/models/counts.js';
import { loadModel } from '../dist/options/load-model.js';
import { resolveWith } from '../dist/options/resolve.js';
import { price } from '../dist/price.js';
import { runSearch } from '../dist/search/run.js';
import { flagsOfCandidate, numCandidates, spaceOf } from '../dist/search/space.js';
import { UnsizedSteps } from '../dist/search/unsized-step.js';
import { errorBars } from '../dist/services/accuracy.js';
import { tally } from '../dist/services/sweep-report.js';

const gcPlan = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const space = (runtime) => ({
  runtime,
  'hidden-dim': '32..1024:8',
  layers: '3..34',
  batch: '1..8',
  'mesh-level': '4,5',
  // TensorFlow.js trains in fp32 only; its tapes make the same number of candidates.
  ...(runtime === 'tfjs' ? { tape: 'plain,lean' } : { precision: 'fp32,bf16' }),
  checkpoint: 'none,encoder,processor:every=2,encoder+processor:every=2',
});
const seconds = (ms) => `${(ms / 1e3).toFixed(1)} s`;
const say = (what, value) => console.log(`${what.padEnd(52)} ${value}`);

const profile = await loadModel('graphcast-small');

/** Every row has its live bytes; no verdict is asked for, as no candidate meets the requirement. */
const noVerdicts = { require: 'layers<1', referenceSampleFlops: 1 };

async function search(what, runtime, limits) {
  const { space: all } = spaceOf(profile, {}, { ...space(runtime), vram: '24GB' });
  const { device } = resolveWith(profile, { vram: '24GB' });
  const begin = performance.now();
  const cpu = process.cpuUsage().user;
  const options = {
    numThreads: availableParallelism(),
    signal: new AbortController().signal,
    unsizedSteps: new UnsizedSteps(),
  };
  const candidates = await runSearch(
    { space: all, device, limits, errorBars: errorBars(profile.model.layout, 'train') },
    options,
  );
  const ms = performance.now() - begin;
  const cpuMs = (process.cpuUsage().user - cpu) / 1e3;
  const count = numCandidates(all);
  const perSecond = Math.round(count / (ms / 1e3)).toLocaleString('en-US');
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
  say(
    `${what} of ${count.toLocaleString('en-US')} in ${runtime}`,
    `${seconds(ms)} (CPU ${seconds(cpuMs)}), ${perSecond} per second, ${rss} MiB`,
  );
  return tally(candidates, all);
}

function naive(runtime, count = 40) {
  const { space: all } = spaceOf(profile, {}, { ...space(runtime), vram: '24GB' });
  const total = numCandidates(all);
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    const config = resolveWith(profile, flagsOfCandidate(all, Math.floor(((i + 0.5) * total) / count)));
    price(config, counts(config.model), loadDevice('h100-80gb'));
  }
  const ms = (performance.now() - begin) / count;
  say(
    `a loop over estimate in ${runtime}, from ${count} of them`,
    `${ms.toFixed(1)} ms each, ${((ms * total) / 3.6e6).toFixed(1)} h in all`,
  );
}

/** The fastest of many short runs: what the code costs, not what else the machine does. */
function resolving() {
  const flags = (width) => ({ 'hidden-dim': String(width), checkpoint: 'encoder+processor:every=2', vram: '24GB' });
  const times = Array.from({ length: 200 }, () => {
    const begin = performance.now();
    for (let width = 1; width <= 50; width++) resolveWith(profile, flags(width));
    return (performance.now() - begin) / 50;
  });
  say('flags of a candidate to its configuration', `${(1e3 * Math.min(...times)).toFixed(1)} µs`);
}

function command(label, argv) {
  const begin = performance.now();
  const { stdout, status } = spawnSync(process.execPath, [gcPlan, ...argv, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const ms = performance.now() - begin;
  const { candidates } = JSON.parse(stdout);
  const { total, fits, tight, exceeds, deduced } = candidates;
  say(
    label,
    `${seconds(ms)}, exit ${status}: ${total} candidates, ${fits} fit, ${tight} tight, ${exceeds} exceed, ${deduced} of them deduced, ${total - deduced} replayed`,
  );
}

console.log(`${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}`);
for (const runtime of ['pytorch', 'jax', 'tfjs']) await search('live bytes', runtime, noVerdicts);
for (let i = 0; i < 3; i++) command('gc-plan sweep --vram 24GB', ['sweep', '--vram', '24GB']);
const { total, fits, tight, exceeds, deduced } = await search('verdicts', 'pytorch', undefined);
say('', `${fits} fit, ${tight} tight, ${exceeds} exceed; ${deduced} deduced, ${total - deduced} replayed`);
for (const runtime of ['pytorch', 'jax', 'tfjs']) naive(runtime);
resolving();
