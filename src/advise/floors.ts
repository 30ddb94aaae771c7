/**
 * What a step needs at least, from steps with fewer layers, segments or rollout steps, and without an update. Each is a property that
 * `tests/advise/bounds.exhaustive.test.ts` holds against the steps themselves.
 */
import { noCheckpoint } from '../config/checkpoint.js';
import { offloadsBoundary, offloadsOptimizer } from '../config/offload.js';
import type { Config } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../models/dimensions.js';
import { passesOf, runtimes, traceOf } from '../parallel/index.js';
import { aloneAtMost, isParallel } from '../parallel/ranks.js';
import { isOneUnsizedStep, unsizedStepKey } from '../search/unsized-step.js';
import { familyKey } from './combinations.js';
import {
  atDepth,
  pairOfCuts,
  segmentsOf,
  shallowDepths,
  shallowPair,
  type ThreeSegments,
  threeSegments,
  withSmallerSegments,
} from './depth.js';
import {
  costOf,
  keptForBackward,
  leastOfAnyOptimizer,
  peakAfterProcessorBackward,
  peakBeforeProcessorBackward,
  peakBetweenProcessorPasses,
  peakInLayer,
  residentBytes,
  type SizedStep,
  type StepCost,
  sizeStep,
  stateBytes,
} from './sized-step.js';

/** Twelve autoregressive steps of 16 layers are the longest step that is published (Lam et al., suppl. 4.5). */
const mostLayersRun = 256;
/** Seconds: a search that ends for it says that nothing was found, never that nothing fits. */
const mostEventsOfLongStep = 1_500_000;

export const isLong = ({ model, recipe }: Pick<Config, 'model' | 'recipe'>): boolean =>
  model.layers * recipe.rolloutSteps > mostLayersRun;

/** About 100 MB of traces. */
const maxKeptEvents = 8_000_000;

class Traces {
  private readonly known = new Map<string, Trace>();
  private numEvents = 0;

  of(key: string, make: () => Trace): Trace {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const trace = make();
    this.numEvents += trace.events.length;
    if (this.numEvents > maxKeptEvents) {
      this.known.clear();
      this.numEvents = trace.events.length;
    }
    this.known.set(key, trace);
    return trace;
  }
}

/** What lies on the card when a segment has been recomputed, the same under every plan and at every number of rollout steps. */
interface StepParts {
  /** Parameters and data. */
  readonly resident: number;
  /** What a layer keeps, and what a cut does. */
  readonly ofLayer: number;
  readonly ofCut: number;
}

/** What a search has traced and found, and how much it may still look at; one that runs out of it ends without an answer. */
export class Effort {
  private constructor(
    private eventsLeft: number,
    /** With any optimizer, by `anyOptimizerKey` and what is asked. */
    readonly leastBytes: Map<string, number>,
    private readonly costs: Map<string, StepCost>,
    private readonly traces: Traces,
    private readonly partsOfSteps: Map<string, StepParts | undefined>,
  ) {}

  static unlimited(): Effort {
    return new Effort(Number.POSITIVE_INFINITY, new Map(), new Map(), new Traces(), new Map());
  }

  /** For one search of this step: all that it takes, but where the step is longer than anybody's. */
  ofSearch({ model, recipe }: Pick<Config, 'model' | 'recipe'>): Effort {
    return this.limitedTo(isLong({ model, recipe }) ? mostEventsOfLongStep : Number.POSITIVE_INFINITY);
  }

  /** Knows what this one knows. */
  limitedTo(events: number): Effort {
    return new Effort(events, this.leastBytes, this.costs, this.traces, this.partsOfSteps);
  }

  get isSpent(): boolean {
    return this.eventsLeft <= 0;
  }

  step(config: Config, counts: Counts): SizedStep {
    return sizeStep(config, this.trace(unsizedStepKey(config), config, traceOf), counts);
  }

  /** Without an update, where the runtime tells it from the passes: `leastOfAnyOptimizer` is the same. */
  passes(config: Config, counts: Counts): SizedStep {
    if (runtimes[config.runtime].passes === undefined || isParallel(config)) return this.step(config, counts);
    const { recipe } = config;
    const offload = offloadsBoundary(recipe) ? 'boundary' : 'none';
    const anyOptimizer = { ...config, recipe: { ...recipe, optimizer: 'none', offload } as const };
    return sizeStep(config, this.trace(`passes ${unsizedStepKey(anyOptimizer)}`, anyOptimizer, passesOf), counts);
  }

  /** Where a plan cuts the processor, and what waits on the host, costs nothing. */
  cost(config: Config, counts: Counts): StepCost {
    const key = familyKey(config, { offload: 'none' });
    const cost = this.costs.get(key) ?? costOf(config, counts);
    this.costs.set(key, cost);
    return cost;
  }

  /** `find` where nobody has asked yet. */
  parts(key: string, find: () => StepParts | undefined): StepParts | undefined {
    if (!this.partsOfSteps.has(key)) this.partsOfSteps.set(key, find());
    return this.partsOfSteps.get(key);
  }

  /** `find` where nobody has asked yet. */
  least(key: string, find: () => number): number {
    const bytes = this.leastBytes.get(key) ?? find();
    this.leastBytes.set(key, bytes);
    return bytes;
  }

  private trace(key: string, config: Config, make: typeof traceOf): Trace {
    const trace = this.traces.of(key, () => make(config));
    this.eventsLeft -= trace.events.length;
    return trace;
  }
}

/** What differs in the optimizer alone, or in where its state waits, has the same forward and backward pass; so have plans of equal cuts. */
export function anyOptimizerKey(config: Config): string {
  const { model, runtime, recipe } = config;
  const { checkpoint: _, ...rules } = recipe;
  const offload = offloadsBoundary(recipe);
  return JSON.stringify({
    ...rules,
    optimizer: '',
    offload,
    layers: model.layers,
    cuts: runtimes[runtime].cutsOf(config),
  });
}

/** As many samples with nothing recomputed but the operations themselves: what a layer keeps is the same under every plan. */
const plainly = (config: Config): Config => ({
  ...config,
  recipe: { ...config.recipe, checkpoint: noCheckpoint, rolloutSteps: 1, accumulate: 1 },
});

/** With the same optimizer's state: what does not touch the parameters is as plain as it goes. */
const stateAlone = (config: Config): Config => ({
  ...config,
  recipe: {
    ...config.recipe,
    checkpoint: noCheckpoint,
    rolloutSteps: 1,
    batchSize: 1,
    accumulate: 1,
    recomputeActivation: false,
    offload: offloadsOptimizer(config.recipe) ? 'optimizer' : 'none',
  },
});

/** What a step needs at least, and with any optimizer. */
interface Floor {
  readonly peakBytes: number;
  readonly anyOptimizerBytes: number;
}

/** `more` places beyond the second. */
const alongLine = (few: number, oneMore: number, more: number): number => oneMore + more * (oneMore - few);

const withRollout = (config: Config, rolloutSteps: number): Config => ({
  ...config,
  recipe: { ...config.recipe, rolloutSteps },
});

/** A longer rollout has the same moments in its last step, and what is kept of the steps before. */
function shortened(config: Config): { readonly short: Config; readonly more: number } {
  const { rolloutSteps } = config.recipe;
  const numShort = Math.min(2, rolloutSteps);
  return { short: withRollout(config, numShort), more: rolloutSteps - numShort };
}

/** Of steps of one model on a card. */
export class Floors {
  constructor(
    readonly effort: Effort,
    readonly counts: Counts,
    /** What is above it needs not be known exactly. */
    readonly room: number,
  ) {}

  /** With any optimizer. */
  beforeProcessorBackward(config: Config, keptPerStep: number): number {
    const { effort, counts } = this;
    const alone = this.beforeOnOneCard(config, keptPerStep);
    if (!isParallel(config) || alone > this.room) return alone;
    const { short, more } = shortened(config);
    const bytes = effort.least(`before ${anyOptimizerKey(short)}`, () =>
      peakBeforeProcessorBackward(effort.step(short, counts)),
    );
    return bytes + more * keptPerStep;
  }

  /** With any optimizer. Nothing is known where what a segment keeps outlives its backward pass. */
  afterProcessorBackward(config: Config): number {
    const { effort, counts } = this;
    const { short } = shortened(config);
    const { passesAreApart, segmentsChangeForward } = runtimes[config.runtime].search;
    if (isParallel(config) || !passesAreApart || segmentsChangeForward) return 0;
    return effort.least(`after ${anyOptimizerKey(short)}`, () =>
      peakAfterProcessorBackward(effort.passes(short, counts)),
    );
  }

  /** The same of what the cards do not share: a rank holds no less. */
  beforeOnOneCard(config: Config, keptPerStep: number): number {
    const { short, more } = shortened(config);
    const alone = aloneAtMost(short, this.counts);
    if (alone === undefined) return 0;
    const key = `before ${JSON.stringify([alone.shared, alone.counts])} ${anyOptimizerKey(alone.config)}`;
    const bytes = this.effort.least(key, () =>
      peakBeforeProcessorBackward(this.effort.passes(alone.config, alone.counts), alone.shared),
    );
    return bytes + more * keptPerStep;
  }

  /** Of the step at hand, and with any optimizer. */
  of(config: Config): Floor {
    const key = `floor ${anyOptimizerKey(config)}`;
    const known = this.effort.leastBytes.get(key) ?? 0;
    const anyOptimizerBytes = known > this.room ? known : this.floorOfPasses(config);
    this.effort.leastBytes.set(key, anyOptimizerBytes);
    return { peakBytes: this.withState(config, anyOptimizerBytes), anyOptimizerBytes };
  }

  /** What the step at hand needs at least, where it needs so much with any optimizer. */
  withState(config: Config, anyOptimizerBytes: number): number {
    return anyOptimizerBytes > this.room ? anyOptimizerBytes : anyOptimizerBytes + this.stateBytes(config);
  }

  /**
   * With any optimizer, what is alive when the backward pass has recomputed the processor's second last segment: parameters and data, what
   * waits at the cuts before it, and what its layers keep. The first and the last of either may be shared with what lies around. Where
   * there are three segments or more, of four layers or more, also what is alive while its last layer is differentiated.
   * `keptPerStep`: bytes that every plan keeps of one rollout step.
   */
  ofRecomputedSegment(config: Config, keptPerStep: number): number {
    const segments = segmentsOf(config);
    const parts = segments && this.effort.parts(anyOptimizerKey(plainly(config)), () => this.partsOf(config));
    if (!segments || !parts) return 0;
    const { resident, ofLayer, ofCut } = parts;
    const { number, layers } = segments;
    const kept = resident + Math.max(0, number - 2) * ofCut + Math.max(0, layers - 2) * ofLayer;
    const isLarger = number >= 3 && layers >= shallowDepths[1];
    const shallow = isLarger ? threeSegments(withRollout(config, 1)) : undefined;
    const further = shallow
      ? this.ofThreeSegments(shallow, (layers - shallowDepths[1]) * ofLayer) + (number - 3) * ofCut
      : 0;
    return Math.max(kept, further) + (config.recipe.rolloutSteps - 1) * keptPerStep;
  }

  /** With any optimizer: between the processor's passes, and while a layer is differentiated, with as many `insideBytes` more in its segment. */
  private ofThreeSegments({ step, layer }: ThreeSegments, insideBytes: number): number {
    const { effort, counts } = this;
    const key = anyOptimizerKey(step);
    const between = effort.least(`between ${key}`, () => peakBetweenProcessorPasses(effort.passes(step, counts)));
    const inside = effort.least(`inside ${key}`, () => peakInLayer(effort.passes(step, counts), layer));
    return Math.max(between, inside > 0 ? inside + insideBytes : 0);
  }

  /** Nothing where the code base builds no shallow model. */
  private partsOf(config: Config): StepParts | undefined {
    const plain = plainly(config);
    const { layers } = config.model;
    const [three, four] = shallowDepths.map((depth) => atDepth(plain, depth, noCheckpoint.processor));
    if (three === undefined || four === undefined) return undefined;
    const kept = (each: Config) => this.keptForBackward(each);
    const ofLayer = kept(four) - kept(three);
    const residents = (each: Config) => this.residentBytes(each);
    const resident = alongLine(residents(three), residents(four), layers - four.model.layers);
    const [fewCuts, oneMore] = pairOfCuts.map((depth) => atDepth(plain, depth, { kind: 'every', layers: 2 }));
    const ofCut = fewCuts && oneMore && oneMore.model.layers <= layers ? kept(oneMore) - kept(fewCuts) : 0;
    return { resident, ofLayer, ofCut };
  }

  private keptForBackward(config: Config): number {
    const { effort, counts } = this;
    return effort.least(`kept ${anyOptimizerKey(config)}`, () => keptForBackward(effort.passes(config, counts)));
  }

  private residentBytes(config: Config): number {
    const { effort, counts } = this;
    return effort.least(`resident ${anyOptimizerKey(config)}`, () => residentBytes(effort.passes(config, counts)));
  }

  /**
   * From three rollout steps on, every moment has one like it in a longer rollout, with as much more alive as there are steps before
   * it: the peak is convex in their number, and the line through 3 and 4 steps never lies above it. So it is with the processor's layers
   * and segments. Where arrays are packed into others by their sizes, a longer rollout may pack one more: it needs no less than 4 steps.
   */
  private floorOfPasses(config: Config): number {
    const { rolloutSteps } = config.recipe;
    const ofRollout = (of: Config) => {
      if (rolloutSteps <= 4) return this.leastOfPasses(of);
      const [at3, at4] = [3, 4].map((steps) => this.leastOfPasses(withRollout(of, steps)));
      return isOneUnsizedStep(of) ? alongLine(at3!, at4!, rolloutSteps - 4) : at4!;
    };
    const line = shallowPair(config);
    if (line && rolloutSteps <= 4) {
      const [few, oneMore] = line.steps;
      return alongLine(this.leastOfPasses(few), this.leastOfPasses(oneMore), line.more);
    }
    const part = line?.steps[1] ?? withSmallerSegments(config);
    const least = part === undefined ? 0 : ofRollout(part);
    return least > this.room ? least : ofRollout(config);
  }

  private leastOfPasses(config: Config): number {
    const { effort, counts } = this;
    return effort.least(`passes ${anyOptimizerKey(config)}`, () => leastOfAnyOptimizer(effort.passes(config, counts)));
  }

  /** Layers after the third have as much state as the fourth. */
  private stateBytes(config: Config): number {
    const { effort, counts } = this;
    const { layers } = config.model;
    const plain = stateAlone(config);
    return effort.least(`state ${layers} ${JSON.stringify(plain.recipe)}`, () => {
      const [few, oneMore] = shallowDepths.map((depth) =>
        depth < layers && !isParallel(config) ? atDepth(plain, depth, noCheckpoint.processor) : undefined,
      );
      const of = (each: Config) => stateBytes(effort.step(each, counts));
      return few && oneMore ? alongLine(of(few), of(oneMore), layers - shallowDepths[1]) : of(config);
    });
  }
}
