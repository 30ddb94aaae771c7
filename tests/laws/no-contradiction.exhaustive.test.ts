/**
 * Four commands, one answer: what estimate says of a random configuration and card, advise, solve and sweep say too, and what each
 * tells its reader to type holds when it is typed. `GC_PLAN_RUNS=500 SEED=7` draws others.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatCheckpoint } from '../../src/config/checkpoint.js';
import { runtimeNames } from '../../src/config/choices.js';
import type { Config } from '../../src/config/types.js';
import { InputError } from '../../src/errors.js';
import type { ResolveInput } from '../../src/options/resolve.js';
import { advise } from '../../src/services/advise.js';
import { estimate } from '../../src/services/estimate.js';
import { solve } from '../../src/services/solve.js';
import { sweep } from '../../src/services/sweep.js';
import { GiB } from '../../src/units.js';
import { invoke } from '../cli/invoke.js';
import { configured, inputs } from './configurations.js';

const numRuns = Number(process.env.GC_PLAN_RUNS ?? 40);

type Said = Awaited<ReturnType<typeof estimate>>;
type Key = 'batch' | 'hidden-dim' | 'layers';

/** Few layers, and in TensorFlow.js one pass a step: what takes long is the number of events, not of bytes. */
function fewEvents({ model, flags: { rollout, accumulate, ...flags } }: ResolveInput): ResolveInput {
  const passes = flags.runtime === 'tfjs' ? {} : { rollout, accumulate };
  return { model, flags: { ...flags, ...passes, layers: String(3 + (Number(flags.layers) % 3)) } };
}

const questions = fc.record({
  input: fc.constantFrom(...runtimeNames).chain((runtime) => inputs(runtime).map(fewEvents)),
  share: fc.constantFrom(0.75, 0.9, 0.97, 1, 1.05, 1.5),
  key: fc.constantFrom<Key[]>('batch', 'batch', 'layers', 'hidden-dim'),
});

/**
 * On a card that leaves the arrays `share` of what they need at most: from too small to ample. What is too much of it is reserved, since
 * no card is as small as these networks.
 */
async function onCard({ model, flags: { vram: _, ...flags } }: ResolveInput, share: number): Promise<ResolveInput> {
  const { memory } = await estimate({ model, flags });
  const contextBytes = memory.deviceBytes - memory.peakReservedBytes;
  const wantedBytes = contextBytes + share * (memory.range.highBytes - contextBytes);
  const vram = `${8 + Math.ceil((4 * wantedBytes) / GiB)}GB`;
  const usableBytes = async (reserve: string) => {
    const { verdict } = await estimate({ model, flags: { ...flags, vram, reserve } });
    return 'usableBytes' in verdict ? verdict.usableBytes : 0;
  };
  const [all, less] = [await usableBytes('0MB'), await usableBytes('1024MB')];
  const reserve = `${Math.round((1024 * (all - wantedBytes)) / (all - less))}MB`;
  return { model, flags: { ...flags, vram, reserve } };
}

/** What a printed command says when it is typed. */
async function typed(command: string): Promise<Said> {
  const { stdout } = await invoke([...command.split(' ').slice(1), '--json']);
  return JSON.parse(stdout) as Said;
}

/** How often each kind of answer was seen: a law that only ever met one would prove nothing. */
const seen = { fits: 0, tight: 0, exceeds: 0, unknown: 0, fixed: 0, solved: 0, bounded: 0, planned: 0, stages: 0 };

it(
  'estimate, advise, solve and sweep never contradict each other',
  async () => {
    await fc.assert(
      fc.asyncProperty(questions, async ({ input: drawn, share, key }) => {
        fc.pre((await configured(drawn)) !== undefined);
        const input = await onCard(drawn, share);
        const config = (await configured(input))!;
        const said = await estimate(input);
        seen[said.verdict.kind]++;
        await adviseAgrees(input, said);
        const asked = isSlowFor(config) ? 'batch' : key;
        await solveAgrees(input, config, said, asked);
        await sweepAgrees(input, config, said);
      }),
      { numRuns, endOnFailure: true },
    );
    console.log(`seen: ${JSON.stringify(seen)}`);
    for (const kind of ['fits', 'exceeds', 'fixed', 'solved', 'bounded', 'planned', 'stages'] as const)
      expect(seen[kind], kind).toBeGreaterThan(0);
  },
  60_000 * numRuns,
);

async function adviseAgrees(input: ResolveInput, { verdict, memory }: Said): Promise<void> {
  const advice = await advise(input);
  expect(advice.verdict).toEqual({ ...verdict, smallestChange: undefined, furtherChanges: undefined });
  expect(advice.memory).toEqual(memory);
  const fix = 'smallestChange' in verdict ? verdict.smallestChange : undefined;
  expect(advice.cheapest?.change).toBe(fix?.change);
  expect(advice.cheapest?.command).toBe(fix?.command);
  if (fix === undefined) return;
  seen.fixed++;
  const fixed = await typed(fix.command);
  expect(fixed.verdict.kind, fix.command).toBe('fits');
  expect(fixed.memory.deviceBytes).toBe(fix.deviceBytes);
  expect(fixed.memory.range.highBytes).toBe(fix.highBytes);
}

/** Forecasts and what waits on the host take next to nothing of the card for another layer, so that hundreds are priced. */
const isSlowFor = ({ runtime, recipe: { mode, offload } }: Config): boolean =>
  mode !== 'train' || offload !== 'none' || runtime === 'tfjs';

async function solveAgrees({ model, flags }: ResolveInput, config: Config, { verdict }: Said, key: Key): Promise<void> {
  const { [key]: _, ...others } = flags;
  let solution: Awaited<ReturnType<typeof solve>>;
  try {
    solution = await solve({ model, flags: others, for: key });
  } catch (error) {
    // A plan that not every value of the key allows.
    if (error instanceof InputError) return;
    throw error;
  }
  const { best, next, withPlan } = solution;
  const own = { batch: config.recipe.batchSize, 'hidden-dim': config.model.hiddenDim, layers: config.model.layers }[
    key
  ];
  if (verdict.kind === 'fits') expect(best?.value).toBeGreaterThanOrEqual(own);
  else expect(best?.value).not.toBe(own);
  if (best) {
    seen.solved++;
    const { verdict: again, memory } = await typed(best.command);
    expect(again.kind, best.command).toBe('fits');
    expect(memory).toEqual(best.memory);
  }
  if (next) {
    seen.bounded++;
    expect((await typed(next.command)).verdict.kind, next.command).not.toBe('fits');
  }
  if (withPlan === undefined) return;
  seen.planned++;
  expect(withPlan.value).toBeGreaterThan(best?.value ?? 0);
  const { verdict: again, memory } = await typed(withPlan.command);
  expect(again.kind, withPlan.command).toBe('fits');
  expect(memory).toEqual(withPlan.memory);
}

/** This size and one of half its width, all else as typed. */
async function sweepAgrees(input: ResolveInput, config: Config, { verdict, memory }: Said): Promise<void> {
  const { hiddenDim, layers } = config.model;
  const flags = {
    ...input.flags,
    'hidden-dim': `${hiddenDim / 2},${hiddenDim}`,
    layers: String(layers),
    batch: String(config.recipe.batchSize),
    checkpoint: formatCheckpoint(config.recipe.checkpoint),
  };
  const from = `${hiddenDim / 2}/${layers}`;
  const to = `${hiddenDim}/${layers}`;
  const swept = await sweep({ model: input.model, flags, from, to, top: Number.POSITIVE_INFINITY });
  const own = swept.sizes.find((size) => size.hiddenDim === hiddenDim);
  expect(own).toMatchObject({ verdict: verdict.kind, peakLiveBytes: memory.peakLiveBytes });
  const rows = swept.pareto.filter((entry) => entry.config.model.hiddenDim === hiddenDim);
  expect(rows.map((row) => row.memory)).toEqual(verdict.kind === 'fits' ? [memory] : []);
  for (const stage of swept.plan.stages) {
    seen.stages++;
    const { verdict: again, memory: stageMemory } = await typed(stage.command);
    expect(again.kind, stage.command).toBe('fits');
    expect(stageMemory, stage.command).toEqual(stage.memory);
  }
}
