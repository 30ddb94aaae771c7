/**
 * The space of a sweep: one axis per option, its values in the order typed. Candidates are numbered; width and batch turn fastest,
 * so that neighbours share a structure.
 */

import type { ModelProfile } from '../config/profiles.js';
import type { Config, Offload, ProcessorKind } from '../config/types.js';
import { InputError } from '../errors.js';
import { processorTraits } from '../models/index.js';
import { CannotRun, refusalOf as refusalOfConfig } from '../models/refusals.js';
import type { OptionDefinition } from '../options/definitions/definition.js';
import { parseValues } from '../options/lists.js';
import { findOption } from '../options/option-values.js';
import { resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { Size } from './growth.js';

export type AxisValue = string | boolean;

export interface Axis {
  /** The flag without dashes. */
  readonly option: string;
  readonly values: readonly AxisValue[];
}

export interface Space {
  readonly profile: ModelProfile;
  /** Flags with one value for all candidates: the card and what others hold of it. */
  readonly common: Flags;
  /** Slowest first. */
  readonly axes: readonly Axis[];
}

/** Its columns take 26 bytes per candidate. */
const maximumCandidates = 4_000_000;

const isCommon = ({ group }: OptionDefinition): boolean => group === 'report' || group === 'device';

/** Options that change no trace, only its sizes, the fastest last; those at the end need no configuration of their own. */
const graphOptions = [
  'mesh-level',
  'resolution',
  'grid',
  'grid-kind',
  'levels',
  'input-channels',
  'output-channels',
  'radius-fraction',
];
const sizeOptions = ['hidden-dim', 'batch'];
const fastest = [...graphOptions, ...sizeOptions];

/** Typed flags over the space's own lists; `defaults` names the axes that nobody typed. */
export function spaceOf(
  profile: ModelProfile,
  options: Readonly<Record<string, string>>,
  flags: Flags,
): { readonly space: Space; readonly notes: readonly string[] } {
  const typed = Object.entries(flags).filter(([, value]) => value !== undefined) as [string, AxisValue][];
  const common = Object.fromEntries(typed.filter(([name]) => isCommon(findOption(name))));
  const axesOf = (entries: readonly (readonly [string, AxisValue])[]): Axis[] =>
    entries.map(([option, value]) => ({
      option,
      values: typeof value === 'boolean' ? [value] : parseValues(findOption(option), value),
    }));
  const typedAxes = axesOf(typed.filter(([name]) => !isCommon(findOption(name))));
  const defaultAxes = axesOf(Object.entries(options).filter(([name]) => flags[name] === undefined));
  const axes = [...typedAxes, ...defaultAxes].sort((a, b) => fastest.indexOf(a.option) - fastest.indexOf(b.option));
  const space = { profile, common, axes };
  checkSize(space);
  return withoutImpossibleValues(space, new Set(defaultAxes.map(({ option }) => option)));
}

function checkSize(space: Space): void {
  const total = numCandidates(space);
  if (total <= maximumCandidates) return;
  throw new InputError(
    'space-too-large',
    `${total.toLocaleString('en-US')} candidates: a sweep tries at most ${maximumCandidates.toLocaleString('en-US')}.`,
    ['Wider steps, e.g. --hidden-dim 256..1024:128.', 'Fewer values of one option.'],
  );
}

/**
 * A value that no configuration can have: a mistake where it was typed, else left out with a sentence. What the code base cannot run stays
 * and is counted, unless nothing else is left.
 */
function withoutImpossibleValues(space: Space, defaults: ReadonlySet<string>): ReturnType<typeof spaceOf> {
  const notes: string[] = [];
  let current = space;
  for (const { option, values } of space.axes) {
    const possible = values.filter((value) => {
      const refusal = refusalOf(withValue(current, option, value));
      if (refusal === undefined || refusal instanceof CannotRun) return true;
      if (!defaults.has(option)) throw refusal;
      notes.push(`Not tried: ${refusal.message}`);
      return false;
    });
    const axes = current.axes.map((axis) => (axis.option === option ? { option, values: possible } : axis));
    current = { ...current, axes: axes.filter((axis) => axis.values.length > 0) };
  }
  const refusal = refusalOf(current);
  if (refusal) throw refusal;
  return { space: current, notes };
}

const withValue = (space: Space, option: string, value: AxisValue): Space => ({
  ...space,
  axes: space.axes.map((axis) => (axis.option === option ? { option, values: [value] } : axis)),
});

/** Why no candidate of a space runs; nothing where one does. */
function refusalOf(space: Space): InputError | undefined {
  let refusal: InputError | undefined;
  for (let group = 0; group < numGroups(space); group++) {
    const found = groupAt(space, group);
    if (found.kind === 'refused') refusal ??= found.refusal;
    else {
      for (const config of found.configs()) {
        const cannotRun = refusalOfConfig(config);
        if (cannotRun === undefined) return undefined;
        refusal ??= new CannotRun(cannotRun, `--batch ${config.recipe.batchSize}`, config.recipe);
      }
    }
  }
  return refusal;
}

const product = (axes: readonly Axis[]): number => axes.reduce((total, { values }) => total * values.length, 1);

export const numCandidates = ({ axes }: Space): number => product(axes);

/**
 * The axes that turn inside a group. Heads must divide the width, and shares of several cards are cut from it: there every
 * width is resolved by itself.
 */
function sizeAxes({ axes, common, profile }: Space): readonly Axis[] {
  const { layout, processor } = profile.model;
  const asked = axes.find(({ option }) => option === 'processor')?.values as readonly ProcessorKind[] | undefined;
  const hasHeads = (asked ?? [processor]).some((each) => processorTraits({ layout, processor: each }).hasHeads);
  const parallel = common.gpus !== undefined || axes.some(({ option }) => option === 'gpus' || option === 'parallel');
  const inside = hasHeads || parallel ? ['batch'] : sizeOptions;
  return axes.filter(({ option }) => inside.includes(option));
}

export const groupSize = (space: Space): number => product(sizeAxes(space));
export const numGroups = (space: Space): number => numCandidates(space) / groupSize(space);

/** Neighbouring groups that share a structure: what one worker takes at a time. */
export const groupsPerChunk = (space: Space): number =>
  product(space.axes.filter(({ option }) => fastest.includes(option))) / groupSize(space);

/** The flags of one candidate. */
export function flagsOfCandidate({ common, axes }: Space, index: number): Flags {
  const flags: Record<string, AxisValue | undefined> = { ...common };
  let rest = index;
  for (let i = axes.length - 1; i >= 0; i--) {
    const { option, values } = axes[i]!;
    flags[option] = values[rest % values.length]!;
    rest = Math.floor(rest / values.length);
  }
  return flags;
}

/** Options that change how a model is trained, not what is trained. */
export const howOptions: readonly string[] = [
  'checkpoint',
  'offload',
  'concat-trick',
  'recompute-activation',
  'allocator',
  'tape',
  'xla-gemm',
  'precision',
  'batch',
  'accumulate',
];

export interface CandidateSize extends Size {
  /** Equal for candidates that differ only in width, depth and how they are trained. */
  readonly problem: number;
  readonly batchSize: number;
  /** What waits on the host, a bit for each part. */
  readonly offloaded: number;
}

const countedOptions = ['hidden-dim', 'layers', 'batch', 'offload'] as const;
const offloadBits: Readonly<Record<Offload, number>> = { none: 0, optimizer: 1, boundary: 2, 'optimizer+boundary': 3 };

/** Width, depth, problem, batch and offload of any candidate, without resolving it. */
export function sizesOfSpace({ profile, axes }: Space): (index: number) => CandidateSize {
  const digits = axes
    .map(({ option, values }, axis) => {
      const kind = countedOptions.find((name) => name === option) ?? (howOptions.includes(option) ? 'how' : 'problem');
      const numbers = values.map((value) => (kind === 'offload' ? offloadBits[value as Offload] : Number(value)));
      return { kind, base: values.length, numbers, weight: product(axes.slice(axis + 1)) };
    })
    .filter(({ kind }) => kind !== 'how');
  return (index) => {
    let { hiddenDim, layers } = profile.model;
    let batchSize = profile.recipe.batchSize ?? 1;
    let offloaded = 0;
    let problem = 0;
    for (const { kind, base, numbers, weight } of digits) {
      const digit = Math.floor(index / weight) % base;
      if (kind === 'hidden-dim') hiddenDim = numbers[digit]!;
      else if (kind === 'layers') layers = numbers[digit]!;
      else if (kind === 'batch') batchSize = numbers[digit]!;
      else if (kind === 'offload') offloaded = numbers[digit]!;
      else problem = problem * base + digit;
    }
    return { hiddenDim, layers, problem, batchSize, offloaded };
  };
}

/** Candidates that differ only in width and batch: one is resolved, the others follow from it, those that cannot run too. */
export interface Group {
  readonly kind: 'group';
  readonly firstIndex: number;
  readonly base: Config;
  readonly configs: () => Generator<Config>;
}

/** A combination that no configuration can have, e.g. segments that do not divide the depth, at whatever width and batch. */
export interface RefusedGroup {
  readonly kind: 'refused';
  readonly refusal: InputError;
}

export function groupAt(space: Space, group: number): Group | RefusedGroup {
  const firstIndex = group * groupSize(space);
  let base: Config;
  const { batch: _, ...flags } = flagsOfCandidate(space, firstIndex);
  try {
    base = resolveWith(space.profile, flags);
  } catch (error) {
    if (error instanceof InputError) return { kind: 'refused', refusal: error };
    throw error;
  }
  const inside = sizeAxes(space);
  const sizes = (option: string, own: number): readonly number[] =>
    inside.find((axis) => axis.option === option)?.values.map(Number) ?? [own];
  function* configs(): Generator<Config> {
    for (const hiddenDim of sizes('hidden-dim', base.model.hiddenDim)) {
      const model = { ...base.model, hiddenDim };
      for (const batchSize of sizes('batch', base.recipe.batchSize))
        yield { ...base, model, recipe: { ...base.recipe, batchSize } };
    }
  }
  return { kind: 'group', firstIndex, base, configs };
}
