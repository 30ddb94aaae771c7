/** `gc-plan sweep`: which configurations of a space fit on a card, which are worth it, and the way from a small to a large one. */
import { loadDevice, loadModel, profileNames, readProfile } from '../config/profiles.js';
import { resolveWith } from '../config/resolve.js';
import type { Flags } from '../config/typed.js';
import type { Device } from '../config/types.js';
import { InputError } from '../errors.js';
import type { Sweep } from '../report/schemas/sweep.js';
import { Candidates } from '../search/candidates.js';
import { evaluateGroup, type Search } from '../search/evaluate.js';
import { parseGrowth } from '../search/growth.js';
import { progressivePlan } from '../search/progressive.js';
import { everything } from '../search/requirements.js';
import { numCandidates, numGroups, type Space, spaceOf } from '../search/space.js';
import { Strategies } from '../search/strategies.js';
import { Structures } from '../search/structure.js';
import { tool } from '../version.js';
import { axisValues, entryOf, frontOf, planReport, priced, sizesOf, tally } from './sweep-report.js';

export interface SweepInput {
  readonly model?: string | undefined;
  /** Shared options, each a value, a list or a range. */
  readonly flags: Flags;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

interface SpaceProfile {
  readonly options: Readonly<Record<string, string>>;
}

const listedOfFront = 10;

export async function sweep({ model, flags, from: fromText, to: toText }: SweepInput): Promise<Sweep> {
  const profile = await loadModel(model ?? 'graphcast-small');
  const { options } = readProfile<SpaceProfile>('spaces', 'default');
  const { space, notes } = spaceOf(profile, options, flags);
  const device = cardOf(space);
  const candidates = Candidates.create(numCandidates(space));
  const search: Search = { space, device, requirement: everything };
  const structures = new Structures();
  for (let group = 0; group < numGroups(space); group++)
    for (const _ of evaluateGroup(search, group, structures, candidates));
  const { from, to } = parseGrowth(fromText ?? '256/8', toText ?? '512/16');
  const globalBatch = globalBatchOf(space);
  const strategies = new Strategies(space, globalBatch);
  const plan = progressivePlan({
    from,
    to,
    strategies,
    device,
    otherDevices: cardsBySize,
    precisionTyped: flags.precision !== undefined,
  });
  const front = frontOf(space, candidates);
  const entries = front.slice(0, listedOfFront).map(({ index }) => entryOf(model, space, index));
  const any = plan.stages[0]?.strategy ?? strategies.of(from)[0];
  const { accuracy, assumptions } = priced(any?.config ?? resolveWith(profile, space.common));
  return {
    schema: 'gc-plan/sweep@1',
    tool: tool(),
    space: Object.fromEntries(space.axes.map((axis) => [axis.option, axisValues(axis)])),
    device,
    candidates: tally(candidates),
    frontSize: front.length,
    pareto: entries.map(({ report }) => report),
    sizes: sizesOf(space, candidates),
    plan: { from, to, globalBatch, ...planReport(model, space, plan) },
    accuracy,
    assumptions: [
      ...new Set([...notes, ...plan.notes, ...assumptions, ...entries.flatMap((entry) => entry.assumptions)]),
    ],
  };
}

function cardOf({ profile, common }: Space): Device {
  const { device } = resolveWith(profile, common);
  if (device) return device;
  throw new InputError('missing-card', 'sweep needs to know the card: which one, or how much memory it has.', [
    'gc-plan sweep --vram 24GB',
    'gc-plan sweep --gpu rtx-4090',
  ]);
}

/** One for all stages: the largest batch of the space, times the other factors. */
function globalBatchOf({ axes }: Space): number {
  const largest = (option: string) =>
    Math.max(1, ...(axes.find((axis) => axis.option === option)?.values.map(Number) ?? []));
  return largest('batch') * largest('accumulate');
}

const cardsBySize = (): readonly Device[] =>
  profileNames('gpus')
    .map(loadDevice)
    .map(({ description, ...device }) => device)
    .sort((a, b) => a.reportedBytes - b.reportedBytes);
