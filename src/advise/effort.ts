/** What a search has traced and found so far, and how much it may still look at. */
import { offloadsBoundary } from '../config/offload.js';
import type { Config } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../models/dimensions.js';
import { dimensionsFor, passesOf, runtimes, stateOf, traceOf } from '../parallel/index.js';
import { isParallel } from '../parallel/ranks.js';
import { usableBytes } from '../runtimes/traits.js';
import { stepCutsOf, traceKey } from '../search/unsized-step.js';
import { hasSameWork, PlanCosts, type StepCost } from './costs.js';
import { Programs, withSamePasses } from './programs.js';
import { fits, type OnDevice, type SizedStep, sizeStep } from './sized-step.js';

/** Twelve autoregressive steps of 16 layers are the longest step that is published (Lam et al., suppl. 4.5). */
const mostLayersRun = 256;
/** Seconds: a search that ends for it says that nothing was found, never that nothing fits. */
const mostEventsOfLongStep = 1_500_000;

/** One rollout step is traced for all. */
export const loopsOverRollout = (config: Config): boolean =>
  runtimes[config.runtime].segment(config).longRollout === 'loop';

export const isLong = (config: Config): boolean =>
  config.model.layers * (loopsOverRollout(config) ? 1 : config.recipe.rolloutSteps) > mostLayersRun;

const sameFlops = { offload: 'none', recomputeActivation: false, tape: 'plain' } as const;

/** About 45 MB of traces. */
const maxKeptEvents = 4_000_000;

/** Those that were asked for last. */
class Traces {
  private readonly known = new Map<string, Trace>();
  private numEvents = 0;

  has(key: string): boolean {
    return this.known.has(key);
  }

  of(key: string, make: () => Trace): Trace {
    const known = this.known.get(key);
    const trace = known ?? make();
    // A map's keys are in the order in which they were set.
    this.known.delete(key);
    this.known.set(key, trace);
    if (known === undefined) this.forgetBeyond(trace.events.length);
    return trace;
  }

  private forgetBeyond(moreEvents: number): void {
    this.numEvents += moreEvents;
    for (const [oldest, { events }] of this.known) {
      if (this.numEvents <= maxKeptEvents || this.known.size === 1) return;
      this.known.delete(oldest);
      this.numEvents -= events.length;
    }
  }
}

/** What a search has traced and found, and how much it may still look at; one that runs out of it ends without an answer. */
export class Effort {
  private constructor(
    private eventsLeft: number,
    /** With any optimizer, by `anyOptimizerKey` and what is asked. */
    readonly leastBytes: Map<string, number>,
    private readonly costs: PlanCosts,
    private readonly traces: Traces,
    private readonly programs: Programs,
  ) {}

  static unlimited(): Effort {
    const programs = new Programs();
    return new Effort(
      Number.POSITIVE_INFINITY,
      new Map(),
      new PlanCosts((config) => programs.of(config)),
      new Traces(),
      programs,
    );
  }

  /** For one search of this step: all that it takes, but where the step is longer than anybody's. */
  ofSearch(config: Config): Effort {
    return this.limitedTo(isLong(config) ? mostEventsOfLongStep : Number.POSITIVE_INFINITY);
  }

  /** Knows what this one knows. */
  limitedTo(events: number): Effort {
    return new Effort(events, this.leastBytes, this.costs, this.traces, this.programs);
  }

  get isSpent(): boolean {
    return this.eventsLeft <= 0;
  }

  step(config: Config, counts: Counts): SizedStep {
    return sizeStep(config, this.trace(traceKey(config), config, traceOf), counts);
  }

  hasTraced(config: Config): boolean {
    return this.traces.has(traceKey(config));
  }

  /**
   * Of one micro-step, without an update, where the runtime tells it from the passes: a step of any optimizer holds them. Where results hold
   * other arrays, the same step with the plainest update: all its arrays lie somewhere.
   */
  passes(config: Config, counts: Counts): SizedStep {
    const { recipe } = config;
    const { passes, search } = runtimes[config.runtime];
    if (search.resultsHoldArrays?.(config))
      return this.passes({ ...config, recipe: { ...recipe, optimizer: 'sgd' } }, counts);
    if (passes === undefined || isParallel(config)) return this.step(config, counts);
    const anyOptimizer = withSamePasses(withAnyOptimizer(config));
    const trace = this.trace(passesKey(anyOptimizer), anyOptimizer, passesOf);
    return sizeStep(config, trace, counts, recipe.accumulate > 1);
  }

  /** Whether passes of one card may fit, where the runtime tells without their update. They are traced no further than it takes. */
  passesMayFit(config: Config, counts: Counts, on: OnDevice): boolean {
    const { passesThatFit } = runtimes[config.runtime];
    if (passesThatFit === undefined || isParallel(config)) return true;
    const anyOptimizer = withAnyOptimizer(config);
    const key = passesKey(anyOptimizer);
    if (!this.traces.has(key)) {
      const { recipe, runtime, reserveBytes } = config;
      const room = {
        dimensions: dimensionsFor(config, counts),
        device: on.device,
        usableBytes: usableBytes(on.device, recipe, runtime, reserveBytes),
      };
      const trace = passesThatFit(this.programs.once(anyOptimizer), anyOptimizer, room);
      if (trace === undefined) return false;
      this.traces.of(key, () => trace);
    }
    return fits({ ...this.passes(config, counts), config }, on);
  }

  /** With what the optimizer holds, and with no more where the runtime tells that from the passes. */
  state(config: Config, counts: Counts): SizedStep {
    if (runtimes[config.runtime].state === undefined || isParallel(config)) return this.step(config, counts);
    return sizeStep(config, this.trace(`state ${traceKey(config)}`, config, stateOf), counts);
  }

  /** An activation made again, what a tape keeps, what waits on the host and sums of gathered parts cost no FLOPs; nor, in most models, does the number of blocks. */
  cost(asked: Config, counts: Counts): StepCost {
    const config = boundedBy(asked);
    const { recipe } = config;
    const { edges } = recipe.checkpoint;
    const fewest = edges.kind !== 'none' && hasSameWork(config);
    const checkpoint = { ...recipe.checkpoint, ...(fewest && { edges: { ...edges, blocks: 2 } }) };
    return this.costs.of({ ...config, recipe: { ...recipe, ...sameFlops, checkpoint } }, counts);
  }

  /** `find` where nobody has asked yet. */
  least(key: string, find: () => number): number {
    const bytes = this.leastBytes.get(key) ?? find();
    this.leastBytes.set(key, bytes);
    return bytes;
  }

  private trace(key: string, config: Config, make: typeof traceOf): Trace {
    const trace = this.traces.of(key, () => make(config, this.programs.of(config)));
    this.eventsLeft -= trace.events.length;
    return trace;
  }
}

/** Needs no more, and as many FLOPs. */
export function boundedBy(config: Config): Config {
  const recipe = runtimes[config.runtime].search.boundedBy?.(config.recipe) ?? config.recipe;
  return recipe === config.recipe ? config : { ...config, recipe };
}

const withAnyOptimizer = ({ recipe, ...config }: Config): Config => ({
  ...config,
  recipe: { ...recipe, optimizer: 'none', offload: offloadsBoundary(recipe) ? 'boundary' : 'none', accumulate: 1 },
});

const passesKey = (anyOptimizer: Config): string => `passes ${traceKey(withSamePasses(anyOptimizer))}`;

/**
 * What differs in the optimizer alone, or in where its state waits, has the same forward and backward pass; so have plans of equal cuts,
 * all later micro-steps, where passes are told from the update, and recipes of the same passes.
 */
export function anyOptimizerKey(config: Config): string {
  const key = keys.get(config) ?? madeKey(config);
  keys.set(config, key);
  return key;
}

const keys = new WeakMap<Config, string>();

function madeKey(config: Config): string {
  const { model, runtime, recipe } = withSamePasses(config);
  const { checkpoint: _, ...rules } = recipe;
  const offload = offloadsBoundary(recipe);
  const isOneMicroStep = runtimes[runtime].passes !== undefined && !isParallel(config);
  return JSON.stringify({
    ...rules,
    optimizer: '',
    offload,
    ...(isOneMicroStep && { accumulate: Math.min(recipe.accumulate, 2) }),
    layers: model.layers,
    cuts: stepCutsOf(config),
  });
}
