/** A step of which no more is found out than it takes to rule it out: bounds first, each dearer than the last, and its trace when nothing else tells. */
import type { Config } from '../config/types.js';
import { stepCutsOf } from '../search/unsized-step.js';
import type { Floors } from './floors.js';
import { leastOfAnyOptimizer } from './moments.js';
import type { SizedStep } from './sized-step.js';

export class PlannedStep {
  /** Its peak of live bytes is not below it. */
  leastBytes: number;
  /** The same with any optimizer. */
  anyOptimizerBytes: number;
  private bound: 'segment' | 'smaller' | 'processor' | 'blocks' | 'shallow' | 'rollout' | 'trace' = 'segment';
  private readonly keptPerStep: number;
  /** Whose bounds are looked at: its own, or first those of a step whose passes need no more. */
  private asked: Config;

  /** `known`: a bound of this step and others, what each rollout step keeps at least, and a step whose passes need no more than this one's. */
  constructor(
    readonly config: Config,
    /** From the recipe at hand. */
    readonly numChanges: number,
    private readonly floors: Floors,
    known: { readonly leastBytes: number; readonly keptPerStep: number; readonly leaner?: Config } = {
      leastBytes: 0,
      keptPerStep: 0,
    },
  ) {
    this.leastBytes = known.leastBytes;
    this.anyOptimizerBytes = known.leastBytes;
    this.keptPerStep = known.keptPerStep;
    this.asked = known.leaner ?? config;
  }

  /** Finds out more. False: its peak of live bytes is `leastBytes`. */
  refine(): boolean {
    const { asked } = this;
    switch (this.bound) {
      case 'segment': {
        this.raiseToPasses(Math.max(this.anyOptimizerBytes, this.floors.ofLayers(asked, this.keptPerStep)));
        this.bound = 'smaller';
        return true;
      }
      case 'smaller': {
        this.raiseToPasses(this.floors.inSmallerSegments(asked));
        this.bound = 'processor';
        return true;
      }
      case 'processor': {
        this.raiseToPasses(this.floors.inProcessorBackward(asked));
        this.bound = 'blocks';
        return true;
      }
      case 'blocks': {
        const ofBlocks = this.floors.ofBlocks(asked);
        const areTold = ofBlocks !== this.floors;
        if (areTold) this.raiseToPasses(ofBlocks.of(asked).anyOptimizerBytes);
        // All blocks of another step are more events than two of its own.
        this.bound = areTold && asked !== this.config ? this.afterBounds() : 'shallow';
        return true;
      }
      case 'shallow': {
        const { isTraced } = this;
        this.raiseToPasses(
          isTraced ? leastOfAnyOptimizer(this.stepOf(asked)) : this.floors.of(asked).anyOptimizerBytes,
        );
        this.bound = isTraced ? this.afterBounds() : 'rollout';
        return true;
      }
      case 'rollout': {
        this.raiseToPasses(this.floors.inFewRolloutSteps(asked));
        this.bound = this.afterBounds();
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
    return this.stepOf(this.config);
  }

  private stepOf(config: Config): SizedStep {
    return this.floors.effort.step(config, this.floors.counts);
  }

  /** For this plan or for another. */
  private get isTraced(): boolean {
    return this.floors.effort.hasTraced(this.asked);
  }

  /** The step itself is asked after one that needs no more; its trace when all bounds have been. */
  private afterBounds(): 'segment' | 'trace' {
    if (this.asked === this.config) return 'trace';
    this.asked = this.config;
    return 'segment';
  }

  /** What the passes need at least. */
  private raiseToPasses(bytes: number): void {
    if (bytes > 0) this.raise(this.floors.withState(this.config, bytes), bytes);
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
    const key = JSON.stringify([rules, stepCutsOf(config), mostBytesOf(config)]);
    const known = found.get(key);
    if (known === undefined || numChanges < known.step.numChanges) found.set(key, item);
  }
  const kept = new Set(found.values());
  return items.filter((item) => kept.has(item));
}
