/** The same goal along each order of growing: what trains where, so that their costs can be compared. */
import type { Device } from '../config/types.js';
import { fixedPaths, type PathOrder, type Size } from './growth.js';
import { cheapestThatFits, type PlanInput, type ProgressivePlan } from './progressive.js';
import type { StageCandidate } from './stage-candidates.js';

export interface PathStage extends Size {
  readonly updates: number;
  readonly device: Device;
  readonly candidate: StageCandidate;
}

export interface Path {
  readonly order: PathOrder;
  readonly sizes: readonly Size[];
  /** It is the plan's own. */
  readonly chosen: boolean;
  /** Fewer than `sizes` where no known card is enough for the rest. */
  readonly stages: readonly PathStage[];
}

export interface PathsInput extends PlanInput {
  readonly updates: readonly number[];
}

const keyOf = ({ hiddenDim, layers }: Size): string => `${hiddenDim}/${layers}`;
const namesOf = (sizes: readonly Size[]): string => sizes.map(keyOf).join(' ');

export function pathsOf(input: PathsInput, { path }: ProgressivePlan): readonly Path[] {
  const known = new Map<string, StageCandidate | undefined>();
  const on = (device: Device, size: Size): StageCandidate | undefined => {
    const key = `${device.name} ${keyOf(size)}`;
    if (!known.has(key)) known.set(key, cheapestThatFits(input, size, device));
    return known.get(key);
  };
  const fixed = fixedPaths(input.from, input.to);
  const isFixed = fixed.some(({ sizes }) => namesOf(sizes) === namesOf(path));
  const all = isFixed ? fixed : [{ order: 'cheapest' as const, sizes: path }, ...fixed];
  return all.map(({ order, sizes }) => ({
    order,
    sizes,
    chosen: namesOf(sizes) === namesOf(path),
    stages: stagesAlong(sizes, updatesAlong(sizes.length, input.updates), input, on),
  }));
}

/** A path of fewer stages takes the first numbers and, for the goal, the last; one of the goal alone takes all of them together. */
function updatesAlong(numStages: number, updates: readonly number[]): readonly number[] {
  if (numStages === 1) return [updates.reduce((sum, each) => sum + each, 0)];
  return [...updates.slice(0, numStages - 1), updates.at(-1)!];
}

/** On this card as far as it goes, the rest on the smallest one that is enough for all of it. */
function stagesAlong(
  sizes: readonly Size[],
  updates: readonly number[],
  { device, otherDevices }: PlanInput,
  on: (device: Device, size: Size) => StageCandidate | undefined,
): readonly PathStage[] {
  const stop = sizes.findIndex((size) => on(device, size) === undefined);
  const numHere = stop < 0 ? sizes.length : stop;
  const rest = sizes.slice(numHere);
  // The goal needs most: cards that are too small for it are passed over at once.
  const larger =
    rest.length === 0
      ? undefined
      : otherDevices().find((other) => rest.toReversed().every((size) => on(other, size) !== undefined));
  return sizes.flatMap((size, index) => {
    const where = index < numHere ? device : larger;
    const candidate = where && on(where, size);
    return candidate === undefined ? [] : [{ ...size, updates: updates[index]!, device: where!, candidate }];
  });
}
