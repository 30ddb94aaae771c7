/**
 * What a step needs at least, from steps with fewer layers, segments or rollout steps, and without an update. Each is a property that
 * `tests/advise/bounds*.exhaustive.test.ts` holds against the steps themselves.
 */
import { noCheckpoint } from '../config/checkpoint.js';
import { offloadsBoundary } from '../config/offload.js';
import type { Config } from '../config/types.js';
import type { Counts } from '../models/dimensions.js';
import { dimensionsFor, runtimes } from '../parallel/index.js';
import { aloneAtMost, isParallel } from '../parallel/ranks.js';
import type { StepsThatTell } from '../runtimes/types.js';
import { stateAlone } from './any-plan.js';
import {
  alongLine,
  atDepth,
  deeperPair,
  pairOfCuts,
  type ShallowPair,
  segmentsOf,
  shallowDepths,
  shallowPair,
  type ThreeSegments,
  threeSegments,
  withSmallerSegments,
} from './depth.js';
import { anyOptimizerKey, boundedBy, type Effort } from './effort.js';
import type { LongerRollout } from './longer-rollout.js';
import {
  aliveInSecondSegment,
  keptForBackward,
  leastOfAnyOptimizer,
  peakAfterProcessorBackward,
  peakBeforeProcessorBackward,
  peakBetweenProcessorPasses,
  peakInLayer,
  peakInProcessorBackward,
  residentBytes,
  stateBytes,
} from './moments.js';
import { inFewestBlocks, isTraced, plainly, shortened, withEdges, withoutBlocks, withRollout } from './plainer.js';
import type { SizedStep } from './sized-step.js';

/** What of a step is asked, and the name that it is remembered by. */
interface Peak {
  readonly name: string;
  readonly of: (step: SizedStep, longer?: LongerRollout) => number;
}

const ofPasses: Peak = { name: 'passes', of: leastOfAnyOptimizer };
const ofProcessor: Peak = { name: 'processor', of: peakInProcessorBackward };

/** What a step needs at least, and with any optimizer. */
export interface Floor {
  readonly peakBytes: number;
  readonly anyOptimizerBytes: number;
}

/** Of steps of one model on a card. */
export class Floors {
  private anyBlocks: Floors | undefined;

  constructor(
    readonly effort: Effort,
    readonly counts: Counts,
    /** What is above it needs not be known exactly. */
    readonly room: number,
    private readonly isOfAnyBlocks = false,
  ) {}

  /**
   * The same for every number of blocks in which the edges can run: what is made of two blocks' rows does not count, but for what is kept of
   * both. Of steps whose edges run whole, or of which nothing is known, their own.
   */
  ofBlocks(config: Config): Floors {
    if (!this.tellsOfBlocks(config)) return this;
    this.anyBlocks ??= new Floors(this.effort, this.counts, this.room, true);
    return this.anyBlocks;
  }

  private keyOf(config: Config): string {
    const asked = boundedBy(config);
    return this.isOfAnyBlocks ? `any blocks ${anyOptimizerKey(inFewestBlocks(asked))}` : anyOptimizerKey(asked);
  }

  private passes(config: Config, counts = this.counts): SizedStep {
    const asked = boundedBy(config);
    if (!this.isOfAnyBlocks) return this.effort.passes(asked, counts);
    const step = this.effort.passes(inFewestBlocks(asked), counts);
    const whole = dimensionsFor(withEdges(config, noCheckpoint.edges), counts);
    return { ...step, blockRows: new Set(Object.keys(step.dimensions).filter((symbol) => !(symbol in whole))) };
  }

  /** With any optimizer. */
  beforeProcessorBackward(config: Config, keptPerStep: number): number {
    const { effort, counts } = this;
    const alone = this.beforeOnOneCard(config, keptPerStep);
    if (!isParallel(config) || alone > this.room || !runtimes[config.runtime].bucketsGradients) return alone;
    const { short, more } = shortened(config);
    const bytes = effort.least(`before ${this.keyOf(short)}`, () =>
      peakBeforeProcessorBackward(effort.passes(boundedBy(short), counts)),
    );
    return bytes + more * keptPerStep;
  }

  /** With any optimizer. Nothing is known where what a segment keeps outlives its backward pass. */
  afterProcessorBackward(config: Config): number {
    const { effort } = this;
    const { short } = shortened(config);
    const { passesAreApart, segmentsChangeForward } = runtimes[config.runtime].search;
    if (isParallel(config) || !passesAreApart || segmentsChangeForward) return 0;
    return effort.least(`after ${this.keyOf(short)}`, () => peakAfterProcessorBackward(this.passes(short)));
  }

  /** The same of what the cards do not share: a rank holds no less. */
  beforeOnOneCard(config: Config, keptPerStep: number): number {
    const { short, more } = shortened(config);
    const alone = aloneAtMost(short, this.counts);
    if (alone === undefined) return 0;
    const keyOf = (config: Config) => `before ${JSON.stringify([alone.shared, alone.counts])} ${this.keyOf(config)}`;
    const offloaded = this.besideOffloaded(alone.config, keyOf) + more * keptPerStep;
    if (offloaded > this.room) return offloaded;
    const bytes = this.effort.least(keyOf(alone.config), () =>
      peakBeforeProcessorBackward(this.passes(alone.config, alone.counts), alone.shared),
    );
    return bytes + more * keptPerStep;
  }

  /** Where the same step without offload has been looked at: what waits on the host is no more than what that one keeps. */
  private besideOffloaded(config: Config, keyOf: (config: Config) => string): number {
    const { recipe } = config;
    if (!offloadsBoundary(recipe) || isParallel(config)) return 0;
    const onDevice: Config = { ...config, recipe: { ...recipe, offload: 'none' } };
    const known = this.effort.leastBytes.get(keyOf(onDevice));
    return known === undefined ? 0 : known - this.heldBytes(onDevice);
  }

  /** Of the step at hand, and with any optimizer. */
  of(config: Config): Floor {
    const key = `floor ${this.keyOf(config)}`;
    const known = this.effort.leastBytes.get(key) ?? 0;
    const anyOptimizerBytes = known > this.room ? known : this.floorOf(ofPasses, config);
    this.effort.leastBytes.set(key, anyOptimizerBytes);
    return { peakBytes: this.withState(config, anyOptimizerBytes), anyOptimizerBytes };
  }

  /**
   * With any optimizer, while the backward pass is in the processor: with encoder and decoder in blocks of edges, as much lies there as
   * without. Nothing is known of a step that is compiled as one: what its networks share depends on the blocks.
   */
  inProcessorBackward(config: Config): number {
    return this.tellsOfBlocks(config) ? this.floorOf(ofProcessor, withoutBlocks(config)) : 0;
  }

  /** With any optimizer, of fewer layers in smaller segments; nothing where two shallow steps tell as much of the step at hand. */
  inSmallerSegments(config: Config): number {
    const [peak, step] = this.tellsOfBlocks(config) ? [ofProcessor, withoutBlocks(config)] : [ofPasses, config];
    return shallowPair(step) ? 0 : this.ofSmallerSegments(peak, step);
  }

  private tellsOfBlocks(config: Config): boolean {
    const { recipe, runtime } = config;
    const isInBlocks = recipe.mode === 'train' && recipe.checkpoint.edges.kind !== 'none';
    return isInBlocks && runtimes[runtime].search.passesAreApart && !isParallel(config);
  }

  /** With any optimizer, of all layers in few rollout steps; nothing of a step that is itself no longer. */
  inFewRolloutSteps(config: Config): number {
    return isTraced(config) ? 0 : this.ofRollout(ofPasses, config);
  }

  /** What the step at hand needs at least, where it needs so much with any optimizer. */
  withState(config: Config, anyOptimizerBytes: number): number {
    return anyOptimizerBytes > this.room ? anyOptimizerBytes : anyOptimizerBytes + this.stateBytes(config);
  }

  /**
   * With any optimizer, what is alive when the backward pass has recomputed the processor's second last segment, or the processor as it is:
   * parameters and data, what waits at the cuts before it, and what its layers keep. The first and the last of either may be shared with
   * what lies around. Where there are two segments or more, and `inProcessorBackward` does not tell for less, also what is
   * alive while its last layer is differentiated. `keptPerStep`: bytes that every plan keeps of one rollout step.
   */
  ofLayers(config: Config, keptPerStep: number): number {
    const segments = config.recipe.mode === 'train' ? segmentsOf(config) : undefined;
    const plain = plainly(config);
    const [three, four] = shallowDepths.map((depth) => atDepth(plain, depth, noCheckpoint.processor));
    if (segments === undefined || three === undefined || four === undefined) return 0;
    const { number, layers } = segments;
    const ofLayer = this.heldBytes(four) - this.heldBytes(three);
    const more = config.model.layers - shallowDepths[1];
    const resident = alongLine(this.residentBytes(three), this.residentBytes(four), more);
    const ofRollout = (config.recipe.rolloutSteps - 1) * keptPerStep;
    const ofSegment = resident + Math.max(0, layers - 2) * ofLayer + ofRollout;
    if (number < 2 || ofSegment > this.room) return ofSegment;
    const ofCut = this.ofCut(plain, layers);
    const kept = ofSegment + (number - 2) * ofCut;
    if (kept > this.room || this.tellsOfBlocks(config)) return kept;
    const shallow = threeSegments(withRollout(config, 1), layers);
    if (shallow === undefined) return kept;
    const further = this.ofThreeSegments(shallow, (layers - shallow.size) * ofLayer);
    return Math.max(kept, further + (number - 3) * ofCut + ofRollout);
  }

  /** With any optimizer: between the processor's passes, and when a segment is all there, with as many `insideBytes` more in its segment. */
  private ofThreeSegments({ step, layer }: ThreeSegments, insideBytes: number): number {
    const { effort } = this;
    const key = this.keyOf(step);
    const between = effort.least(`between ${key}`, () => peakBetweenProcessorPasses(this.passes(step)));
    const inside = effort.least(`inside ${key}`, () => {
      const passes = this.passes(step);
      return Math.max(peakInLayer(passes, layer), aliveInSecondSegment(passes));
    });
    return Math.max(between, inside > 0 ? inside + insideBytes : 0);
  }

  /** What waits at one cut of the processor; nothing where two steps that tell are deeper than this one. Larger segments may keep more there. */
  private ofCut(plain: Config, layers: number): number {
    const { size, depths } = pairOfCuts(plain, layers);
    const [few, oneMore] = depths.map((depth) => atDepth(plain, depth, { kind: 'every', layers: size }));
    const isShallower = few && oneMore && oneMore.model.layers <= plain.model.layers;
    return isShallower ? this.heldBytes(oneMore) - this.heldBytes(few) : 0;
  }

  /** Kept for the backward pass, but for what was there before the step. */
  private heldBytes(config: Config): number {
    return this.keptForBackward(config) - this.residentBytes(config);
  }

  private keptForBackward(config: Config): number {
    const { effort } = this;
    return effort.least(`kept ${this.keyOf(config)}`, () => keptForBackward(this.passes(config)));
  }

  private residentBytes(config: Config): number {
    const { effort } = this;
    return effort.least(`resident ${this.keyOf(config)}`, () => residentBytes(this.passes(config)));
  }

  /**
   * From three rollout steps on, every moment has one like it in a longer rollout, with as much more alive as there are steps before it: the
   * peak is convex in their number, and the line through 3 and 4 steps never lies above it. So it is with the processor's layers and
   * segments. A loop is traced as it is; where a step's arrays go with its backward pass, three steps tell all.
   */
  private floorOf(peak: Peak, config: Config): number {
    const line = shallowPair(config);
    if (line) return this.onLine(peak, line);
    const least = isTraced(config) ? 0 : this.ofSmallerSegments(peak, config);
    return least > this.room ? least : this.ofRollout(peak, config);
  }

  /** Of which the step at hand needs no less. */
  private ofSmallerSegments(peak: Peak, config: Config): number {
    const smaller = withSmallerSegments(config);
    if (smaller === undefined) return 0;
    const line = deeperPair(smaller);
    return line ? this.onLine(peak, line) : this.ofRollout(peak, smaller);
  }

  private onLine(peak: Peak, { steps: [few, oneMore], more }: ShallowPair): number {
    return alongLine(this.ofRollout(peak, few), this.ofRollout(peak, oneMore), more);
  }

  private ofRollout(peak: Peak, config: Config): number {
    if (isTraced(config)) return this.peakBytes(peak, config);
    const { stepsThatTell } = runtimes[config.runtime].search;
    if (stepsThatTell && !isParallel(config)) return this.peakOfLonger(peak, config, stepsThatTell(config.recipe));
    const at = (steps: number) => this.peakBytes(peak, withRollout(config, steps));
    const at3 = at(3);
    // Where three steps are too much, so are more.
    return at3 > this.room ? at3 : alongLine(at3, at(4), config.recipe.rolloutSteps - 4);
  }

  private peakBytes({ name, of }: Peak, config: Config): number {
    const { effort } = this;
    return effort.least(`${name} ${this.keyOf(config)}`, () => of(this.passes(config)));
  }

  private peakOfLonger(peak: Peak, config: Config, { number, keptUntil }: StepsThatTell): number {
    const { name, of } = peak;
    const atLeast = number > 3 ? this.peakBytes(peak, withRollout(config, 3)) : 0;
    if (atLeast > this.room) return atLeast;
    const moreSteps = config.recipe.rolloutSteps - number;
    return this.effort.least(`${name} ${this.keyOf(config)}`, () =>
      of(this.passes(withRollout(config, number)), { moreSteps, dataBytes: this.dataPerStep(config), keptUntil }),
    );
  }

  /** Under every plan, with every tape and at every depth. */
  private dataPerStep(config: Config): number {
    const { recipe, ...rest } = stateAlone(config);
    const plain = { ...rest, recipe: { ...recipe, batchSize: config.recipe.batchSize } };
    const least = atDepth(plain, Math.min(shallowDepths[0], plain.model.layers), noCheckpoint.processor) ?? plain;
    return this.residentBytes(withRollout(least, 3)) - this.residentBytes(withRollout(least, 2));
  }

  /**
   * Layers after the third have as much state as the fourth, and a card that does not share it as much as one card. Where no shallower step
   * tells, the step itself does: JAX adds gradients up there.
   */
  private stateBytes(asked: Config): number {
    const { effort, counts } = this;
    const alone = aloneAtMost(asked, counts);
    const config = alone === undefined || alone.shared.includes('optimizer') ? asked : alone.config;
    const { layers } = config.model;
    const plain = stateAlone(config);
    const key = JSON.stringify([layers, config.recipe.accumulate > 1, plain.recipe]);
    return effort.least(`state ${key}`, () => {
      const [few, oneMore] = shallowDepths.map((depth) =>
        depth < layers && !isParallel(config) ? atDepth(plain, depth, noCheckpoint.processor) : undefined,
      );
      const of = (each: Config) => stateBytes(effort.state(each, counts));
      return few && oneMore ? alongLine(of(few), of(oneMore), layers - shallowDepths[1]) : of(config);
    });
  }
}
