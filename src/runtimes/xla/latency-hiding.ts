/**
 * XLA's latency hiding scheduler (openxla/xla, latency_hiding_scheduler.cc, `DefaultSchedulerCore`), which reorders a step that has
 * collectives on Hopper and Blackwell (gpu_hlo_schedule.cc, `IsLHSEnabled`; sol_latency_estimator.cc, `IsSupportedForModule`). It places
 * kernels from the last to the first. Of those whose readers are all placed it takes, in this order: the end of a collective, of which one is
 * under way at a time (`kScheduleDone`); what causes no stall (`kLessStall`); no start of a collective, unless another one waits for it
 * (`kStartAtZeroDepth`, `kFreeBackedupResource`); what reads a collective that takes longer (`kAsyncDepth`); while others are waited for, what takes as long as the wait (`kAvoidWaste`); what makes most
 * others ready (`kCreatesMoreReadyNodes`); what stood last in the order of memory (`kOriginalOrder`, `memory-order.ts`). How long a kernel
 * takes is XLA's own estimate (`kernel-times.ts`): of a product from a table (`product-time.ts`), of the rest from the bytes that it moves, an
 * array once for every result that is computed from it
 * (gpu_hlo_cost_analysis.h, `count_multiple_input_accesses`), slower where few blocks move them. What takes no time (an element of a tuple, a
 * bitcast) is placed at once, is waited for by nobody, and moves the clock to when it can be. It does not look at memory below half of XLA's
 * limit, so that gradients of weights, which nothing but a collective waits for, run long after what they read was made.
 */
import type { Config } from '../../config/types.js';
import { firstHopper } from './gemm.js';

/** Whether the gradients of several cards meet. */
export const meets = ({ recipe: { mode, parallel, gpus } }: Config): boolean =>
  mode === 'train' && parallel === 'data' && gpus > 1;

/** …in the step itself, whose kernels are then put in order. The body of a rollout's loop has no collective in it. */
export const meetsInOrder = (config: Config): boolean => meets(config) && config.recipe.rolloutSteps === 1;

/** …and the scheduler reorders the step for it. */
export const isHidden = (config: Config): boolean =>
  meetsInOrder(config) && (config.device?.computeCapability ?? firstHopper) >= firstHopper;

export interface Timed {
  /** Indices of the kernels that have to run before. */
  readonly after: readonly number[];
  readonly cost: number;
  /** An instruction that runs nothing and is placed at once (latency_hiding_scheduler.cc, `IsNopInstruction`). */
  readonly isNop?: boolean;
  /** From the start of what runs before to its own. */
  readonly latency: number;
  readonly collective?: 'start' | 'end';
}

/** Indices of the kernels in the order in which they run. */
export function hideLatency(kernels: readonly Timed[]): readonly number[] {
  return new Placement(kernels).reversed().reverse();
}

/** An instruction that takes no time stands behind all others, and is as deep as what it reads. */
function asyncDepthsOf(kernels: readonly Timed[]): readonly number[] {
  const depths: number[] = [];
  const depthOf = (index: number): number => depths[index] ?? depthOf(kernels[index]!.after[0]!);
  for (const { after, latency, collective } of kernels) {
    const before = after.reduce((deepest, index) => Math.max(deepest, depthOf(index)), 0);
    depths.push(before + (collective === 'end' ? latency : 0));
  }
  return depths;
}

class Placement {
  private readonly waiting: Int32Array;
  /** When a kernel can be placed, counted from the end. */
  private readonly readyAt: Float64Array;
  private readonly ready: number[] = [];
  private readonly free: number[] = [];
  /** Where a kernel stood; what takes no time behind what it reads. */
  private readonly places: number[] = [];
  /** How long the collectives take that have to end before. */
  private readonly asyncDepths: readonly number[];
  /** Moments that placed kernels make others wait for. */
  private awaited: number[] = [];
  private isUnderWay = false;
  private now = 0;

  constructor(private readonly kernels: readonly Timed[]) {
    this.waiting = new Int32Array(kernels.length);
    this.readyAt = new Float64Array(kernels.length);
    this.asyncDepths = asyncDepthsOf(kernels);
    for (const [index, { after, isNop }] of kernels.entries()) {
      for (const before of after) this.waiting[before]! += 1;
      this.places.push(isNop ? this.places[after[0]!]! + 0.25 : index);
    }
    for (const index of kernels.keys()) if (this.waiting[index] === 0) this.release(index);
  }

  reversed(): number[] {
    const placed: number[] = [];
    while (this.ready.length + this.free.length > 0) {
      const index = this.free.length > 0 ? this.takeFree() : this.takeBest();
      this.place(index);
      placed.push(index);
    }
    return placed;
  }

  private place(index: number): void {
    const { after, cost, latency, collective } = this.kernels[index]!;
    if (collective !== undefined) this.isUnderWay = collective === 'end';
    const start = Math.max(this.now, this.readyAt[index]!);
    this.now = start + cost;
    this.awaited = this.awaited.filter((moment) => moment >= this.now);
    for (const before of after) {
      this.readyAt[before] = Math.max(this.readyAt[before]!, start + latency);
      if (--this.waiting[before]! > 0) continue;
      this.release(before);
      // What is placed at once is not waited for.
      if (!this.kernels[before]!.isNop && this.readyAt[before]! > this.now) this.awaited.push(this.readyAt[before]!);
    }
  }

  private release(index: number): void {
    (this.kernels[index]!.isNop ? this.free : this.ready).push(index);
  }

  /** Of what takes no time, what stood last. */
  private takeFree(): number {
    const { free, places } = this;
    let last = 0;
    for (const [at, index] of free.entries()) if (places[index]! > places[free[last]!]!) last = at;
    return free.splice(last, 1)[0]!;
  }

  private takeBest(): number {
    const { kernels, ready, readyAt, now, isUnderWay } = this;
    const moment = this.moment();
    let best = { at: -1, index: -1, isEnd: false, stall: 0 };
    // By index, and objects for better ones alone: every kernel of a step of thousands is compared with all that are ready.
    for (let at = 0; at < ready.length; at++) {
      const index = ready[at]!;
      const isEnd = kernels[index]!.collective === 'end';
      if (isEnd && isUnderWay) continue;
      const stall = Math.max(0, readyAt[index]! - now);
      const order =
        best.at < 0
          ? -1
          : Number(best.isEnd) - Number(isEnd) || stall - best.stall || this.order(index, best.index, moment);
      if (order < 0) best = { at, index, isEnd, stall };
    }
    ready[best.at] = ready.at(-1)!;
    ready.pop();
    return best.index;
  }

  private moment(): Moment {
    const { awaited, now, isUnderWay, ready, kernels } = this;
    return {
      gap: awaited.length === 0 ? undefined : Math.min(...awaited) - now,
      othersWait: isUnderWay && ready.some((index) => kernels[index]!.collective === 'end'),
    };
  }

  /** Of two that end no collective, or both do, and cause as long a stall. Negative: `a` is taken. */
  private order(a: number, b: number, moment: Moment): number {
    return (
      this.startRank(a, moment) - this.startRank(b, moment) ||
      this.asyncDepths[b]! - this.asyncDepths[a]! ||
      this.waste(a, moment) - this.waste(b, moment) ||
      this.unlocks(b) - this.unlocks(a) ||
      b - a
    );
  }

  private startRank(index: number, { othersWait }: Moment): number {
    if (this.kernels[index]!.collective !== 'start') return 0;
    return othersWait ? -1 : 1;
  }

  private waste(index: number, { gap }: Moment): number {
    const { cost, collective } = this.kernels[index]!;
    if (gap === undefined) return 0;
    return collective === 'start' ? Number.POSITIVE_INFINITY : Math.abs(gap - cost);
  }

  private unlocks(index: number): number {
    let number = 0;
    for (const before of this.kernels[index]!.after) if (this.waiting[before] === 1) number++;
    return number;
  }
}

interface Moment {
  /** How long until what is awaited first. */
  readonly gap: number | undefined;
  /** Another collective waits for the one that is under way. */
  readonly othersWait: boolean;
}
