/** Prices groups of candidates into columns. A generator, so that whoever drives it can stop, count and let others run. */
import type { ErrorBar } from '../accuracy/figures.js';
import type { Config, Device, RuntimeName } from '../config/types.js';
import { counts } from '../models/counts.js';
import { processorTraits } from '../models/index.js';
import { CannotRun, ownRefusals, type Refusal, refusalOf } from '../models/refusals.js';
import { dimensionsFor } from '../parallel/index.js';
import { SizedCandidate, verdictOfCandidate } from './candidate-verdict.js';
import { type Candidates, stateCode } from './candidates.js';
import type { Cursor } from './cursor.js';
import { type Limits, requirementOf } from './requirements.js';
import { type Group, groupAt, groupSize, groupsPerChunk, numGroups, type Space } from './space.js';
import { isOneUnsizedStep, shapeKey, type UnsizedStep, UnsizedSteps } from './unsized-step.js';

/** With each runtime's estimates so far. */
export type ErrorBars = Readonly<Record<RuntimeName, ErrorBar>>;

/** What is searched: plain data, so that a worker can be handed it. */
export interface Search {
  readonly space: Space;
  readonly device: Device;
  readonly limits: Limits | undefined;
  readonly errorBars: ErrorBars;
}

/** More than the classes of sizes of one structure: no chunk comes back to another one's, and one of 50 layers is a megabyte. */
export const mostKept = 8;

export class Evaluator {
  private readonly requirement;

  constructor(
    private readonly search: Search,
    private readonly candidates: Candidates,
    private readonly unsizedSteps = new UnsizedSteps(mostKept),
  ) {
    this.requirement = requirementOf(search.limits);
  }

  /** Takes chunks until none is left; yields after every candidate. */
  *run(cursor: Cursor): Generator<void> {
    const { space } = this.search;
    const groups = groupsPerChunk(space);
    const numChunks = numGroups(space) / groups;
    for (let chunk = cursor.take(); chunk < numChunks; chunk = cursor.take()) {
      for (let group = chunk * groups; group < (chunk + 1) * groups; group++) yield* this.group(group, cursor);
    }
  }

  private *group(group: number, cursor: Cursor): Generator<void> {
    const { candidates } = this;
    const { space, device, errorBars } = this.search;
    const found = groupAt(space, group);
    if (found.kind === 'refused') {
      const { refusal } = found;
      const numRefused = groupSize(space);
      this.refuse(group * numRefused, numRefused, refusal instanceof CannotRun ? refusal.refusal : undefined);
      cursor.addDone(numRefused);
      return;
    }
    let index = found.firstIndex;
    const sizeCandidate = sizer(found, this.unsizedSteps);
    for (const config of found.configs()) {
      const refusal = refusalOf(config);
      if (refusal) {
        this.refuse(index++, 1, refusal);
        cursor.addDone(1);
        continue;
      }
      const sized = sizeCandidate(config);
      candidates.peakLiveBytes[index] = sized.peakLiveBytes;
      candidates.sampleFlops[index] = sized.sampleFlops;
      let state = stateCode.excluded;
      if (this.requirement(sized)) {
        const { kind, deviceBytes } = verdictOfCandidate(sized, device, errorBars[config.runtime]);
        candidates.deviceBytes[index] = deviceBytes ?? 0;
        state = stateCode[deviceBytes === undefined ? 'exceedsDeduced' : kind];
      }
      // Last: whoever reads a state finds the rest of the row complete.
      candidates.state[index++] = state;
      cursor.addDone(1);
      yield;
    }
  }

  /** `by`: the code base's refusal; none: no configuration can be so. */
  private refuse(from: number, count: number, by: Refusal | undefined): void {
    const place = by === undefined ? 0 : 1 + ownRefusals(this.search.space.profile.model).indexOf(by);
    this.candidates.refusedBy.fill(place, from, from + count);
    this.candidates.state.fill(stateCode.refused, from, from + count);
  }
}

/**
 * Sizes the candidates of a group, each to be used before the next is asked for. Those of one batch share structure and dimensions where the
 * width enters as one symbol: a runtime's own symbols and its classes of sizes follow from rows, batch and channels.
 */
function sizer({ base }: Group, unsizedSteps: UnsizedSteps): (config: Config) => SizedCandidate {
  const shape = shapeKey(base);
  const ofBatch = new Map<number, ReturnType<typeof sizedAt>>();
  const shares = processorTraits(base.model).isWidthOneSymbol && isOneUnsizedStep(base);
  if (!shares) return (config) => new SizedCandidate(config, unsizedSteps.of(config, shape));
  return (config) => {
    const { batchSize } = config.recipe;
    const shared = ofBatch.get(batchSize) ?? sizedAt(config, unsizedSteps.of(config, shape));
    ofBatch.set(batchSize, shared);
    shared.dimensions.hiddenDim = config.model.hiddenDim;
    return new SizedCandidate(config, shared.unsizedStep, shared.dimensions, shared.sized);
  };
}

function sizedAt(config: Config, unsizedStep: UnsizedStep) {
  const dimensions: Record<string, number> = { ...dimensionsFor(config, counts(config.model)) };
  return { unsizedStep, dimensions, sized: unsizedStep.inWidth(dimensions) };
}
