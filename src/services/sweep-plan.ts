/** The progressive plan on one card, before anything else is searched. */
import { missingCard } from '../config/device.js';
import type { ModelProfile } from '../config/profiles.js';
import type { Device } from '../config/types.js';
import { InputError } from '../errors.js';
import { resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import { type CardChoice, proposedCards } from '../search/cards.js';
import type { ErrorBars } from '../search/evaluate.js';
import { numStages, parseGrowth, parseUpdates, type Size } from '../search/growth.js';
import { type Path, pathsOf } from '../search/paths.js';
import { type ProgressivePlan, progressivePlan } from '../search/progressive.js';
import { howOptions, type Space, spaceOf } from '../search/space.js';
import { StageCandidates } from '../search/stage-candidates.js';
import type { UnsizedSteps } from '../search/unsized-step.js';

export interface GrowthRequest {
  /** Shared options, each a value, a list or a range. */
  readonly flags: Flags;
  /** Hidden dimension and layers, `256/8`; `512/16` for `to`. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Samples of one optimizer step, the same in every stage of the plan. */
  readonly globalBatch?: number | undefined;
  /** Optimizer steps of each stage, `1000,1000,5000`: the other orders of growing are then priced too. */
  readonly updates?: string | undefined;
}

export interface PlannedCard {
  readonly choice: CardChoice;
  readonly device: Device;
  readonly space: Space;
  readonly from: Size;
  readonly to: Size;
  readonly globalBatch: number;
  readonly plan: ProgressivePlan;
  readonly notes: readonly string[];
  /** Every order of growing, with the updates of each stage; worked out when it is asked for. */
  readonly paths?: { readonly updates: readonly number[]; readonly all: () => readonly Path[] };
}

export function planOn(
  choice: CardChoice,
  profile: ModelProfile,
  options: Readonly<Record<string, string>>,
  {
    flags,
    from: fromText = '256/8',
    to: toText = '512/16',
    globalBatch: typedBatch,
    updates: typedUpdates,
  }: GrowthRequest,
  errorBars: ErrorBars,
  unsizedSteps: UnsizedSteps,
): PlannedCard {
  const { device } = resolveWith(profile, deviceFlags(choice.flags));
  if (device === null) throw missingCard('sweep');
  const { space, notes } = spaceOf(profile, options, choice.flags);
  const { from, to } = parseGrowth(fromText, toText);
  const numGpus = Number(first(space, 'gpus') ?? profile.recipe.gpus ?? 1);
  const globalBatch = typedBatch ?? largest(space, 'batch') * largest(space, 'accumulate') * numGpus;
  if (globalBatch % numGpus !== 0)
    throw new InputError(
      'batch-does-not-divide',
      `--global-batch ${globalBatch}: ${numGpus} GPUs take equal shares of a batch.`,
      [`--global-batch ${Math.ceil(globalBatch / numGpus) * numGpus}`],
    );
  const stageCandidates = new StageCandidates(space, globalBatch / numGpus, errorBars, unsizedSteps);
  const precisionTyped = flags.precision !== undefined;
  const updates = typedUpdates === undefined ? undefined : parseUpdates(typedUpdates, numStages(from, to));
  const input = {
    from,
    to,
    stageCandidates,
    device,
    otherDevices: () => proposedCards(profile.model),
    precisionTyped,
    updates,
  };
  const plan = progressivePlan(input);
  return {
    choice,
    device,
    space,
    from,
    to,
    globalBatch,
    plan,
    notes: [...notes, ...firstValueNotes(space)],
    ...(updates && { paths: { updates, all: () => pathsOf({ ...input, updates }, plan) } }),
  };
}

const deviceFlags = ({ gpu, vram, reserve }: CardChoice['flags']) => ({ gpu, vram, reserve });

const valuesOf = ({ axes }: Space, option: string) => axes.find((axis) => axis.option === option)?.values;
const first = (space: Space, option: string) => valuesOf(space, option)?.[0];
const largest = (space: Space, option: string): number => Math.max(1, ...(valuesOf(space, option)?.map(Number) ?? []));

/** Which problem the plan is for, where several were searched. */
const firstValueNotes = (space: Space): readonly string[] =>
  space.axes
    .filter(({ option, values }) => values.length > 1 && !['hidden-dim', 'layers', ...howOptions].includes(option))
    .map(({ option, values }) => `The plan is for --${option} ${values[0]}, the first of the list.`);
