/** A step of which no more is found out than it takes to rule it out: bounds first, each dearer than the last, and its trace when nothing else tells. */
import type { Config } from '../config/types.js';
import { traceCutsOf } from '../search/unsized-step.js';
import type { Floor, Floors } from './floors.js';
import { leastOfAnyOptimizer } from './moments.js';
import type { SizedStep } from './sized-step.js';

export class PlannedStep {
  /** Its peak of live bytes is not below it. */
  leastBytes: number;
  /** The same with any optimizer. */
  anyOptimizerBytes: number;
  private bound: 'segment' | 'smaller' | 'processor' | 'blocks' | 'shallow' | 'rollout' | 'trace' = 'segment';
  private readonly keptPerStep: number;

  /** `known`: a bound of this step and others, and what each rollout step keeps at least. */
  constructor(
    readonly config: Config,
    /** From the recipe at hand. */
    readonly numChanges: number,
    private readonly floors: Floors,
    known: { readonly leastBytes: number; readonly keptPerStep: number } = { leastBytes: 0, keptPerStep: 0 },
  ) {
    this.leastBytes = known.leastBytes;
    this.anyOptimizerBytes = known.leastBytes;
    this.keptPerStep = known.keptPerStep;
  }

  /** Finds out more. False: its peak of live bytes is `leastBytes`. */
  refine(): boolean {
    switch (this.bound) {
      case 'segment': {
        const bytes = Math.max(this.anyOptimizerBytes, this.floors.ofLayers(this.config, this.keptPerStep));
        this.raise(this.floors.withState(this.config, bytes), bytes);
        this.bound = 'smaller';
        return true;
      }
      case 'smaller': {
        const bytes = this.floors.inSmallerSegments(this.config);
        if (bytes > 0) this.raise(this.floors.withState(this.config, bytes), bytes);
        this.bound = 'processor';
        return true;
      }
      case 'processor': {
        const bytes = this.floors.inProcessorBackward(this.config);
        if (bytes > 0) this.raise(this.floors.withState(this.config, bytes), bytes);
        this.bound = 'blocks';
        return true;
      }
      case 'blocks': {
        const ofBlocks = this.floors.ofBlocks(this.config);
        if (ofBlocks !== this.floors) this.raiseTo(ofBlocks.of(this.config));
        this.bound = 'shallow';
        return true;
      }
      case 'shallow': {
        this.raiseTo(this.ofTrace ?? this.floors.of(this.config));
        this.bound = this.floors.effort.hasTraced(this.config) ? 'trace' : 'rollout';
        return true;
      }
      case 'rollout': {
        const bytes = this.floors.inFewRolloutSteps(this.config);
        if (bytes > 0) this.raise(this.floors.withState(this.config, bytes), bytes);
        this.bound = 'trace';
        return true;
      }
      case 'trace': {
        const { peakLiveBytes } = this.step();
        const isNew = peakLiveBytes > this.leastBytes;
        this.leastBytes = peakLiveBytes;
        return isNew;
      }
    }
  }

  /** Its trace is asked for anyway. */
  skipBounds(): void {
    this.bound = 'trace';
  }

  step(): SizedStep {
    return this.floors.effort.step(this.config, this.floors.counts);
  }

  /** Where the step has been traced for another plan. */
  private get ofTrace(): Floor | undefined {
    if (!this.floors.effort.hasTraced(this.config)) return undefined;
    const step = this.step();
    return { peakBytes: step.peakLiveBytes, anyOptimizerBytes: leastOfAnyOptimizer(step) };
  }

  private raiseTo({ peakBytes, anyOptimizerBytes }: Floor): void {
    this.raise(peakBytes, anyOptimizerBytes);
  }

  private raise(peakBytes: number, anyOptimizerBytes: number): void {
    this.leastBytes = Math.max(this.leastBytes, peakBytes);
    this.anyOptimizerBytes = Math.max(this.anyOptimizerBytes, anyOptimizerBytes);
  }
}

/** Of those that come to the same step, with as many bytes at most, the one with the fewest changes. */
export function eachOnce<Item extends { readonly step: PlannedStep }>(
  items: readonly Item[],
  mostBytesOf: (config: Config) => number,
): readonly Item[] {
  const found = new Map<string, Item>();
  for (const item of items) {
    const { config, numChanges } = item.step;
    const { checkpoint: _, ...rules } = config.recipe;
    const key = JSON.stringify([rules, traceCutsOf(config), mostBytesOf(config)]);
    const known = found.get(key);
    if (known === undefined || numChanges < known.step.numChanges) found.set(key, item);
  }
  const kept = new Set(found.values());
  return items.filter((item) => kept.has(item));
}
