/** The ways to train one size within a global batch, cheapest first, and the first of them that fits. */
import { divisorsOf } from '../config/numbers.js';
import type { Config, Device, Precision } from '../config/types.js';
import { InputError } from '../errors.js';
import { resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import { SizedCandidate, verdictOfCandidate } from './candidate-verdict.js';
import type { ErrorBars } from './evaluate.js';
import type { Size } from './growth.js';
import { type Axis, type AxisValue, howOptions, type Space } from './space.js';
import type { UnsizedStep, UnsizedSteps } from './unsized-step.js';

const sizeAndBatch = ['hidden-dim', 'layers', 'batch', 'accumulate'];

export class StageCandidate extends SizedCandidate {
  constructor(
    readonly flags: Flags,
    config: Config,
    unsizedStep: UnsizedStep,
  ) {
    super(config, unsizedStep);
  }
}

export class StageCandidates {
  constructor(
    private readonly space: Space,
    /** Samples of one optimizer step on each GPU. */
    private readonly globalBatch: number,
    private readonly errorBars: ErrorBars,
    private readonly unsizedSteps: UnsizedSteps,
  ) {}

  /**
   * Cheapest first: precision in the order given (the recipe's own where none was), offload in the order given (what crosses the bus
   * costs time that FLOPs don't show), least recomputed FLOPs, largest micro-batch, lowest peak.
   */
  of(size: Size, precision?: Precision): readonly StageCandidate[] {
    const microBatches = divisorsOf(this.globalBatch);
    const candidates = combinations(this.axes(precision)).flatMap((choice) =>
      this.candidatesOf(size, choice, microBatches),
    );
    const precisions = this.valuesOf('precision');
    const offloads = this.valuesOf('offload');
    return candidates.sort(
      (a, b) =>
        precisions.indexOf(a.config.recipe.precision) - precisions.indexOf(b.config.recipe.precision) ||
        offloads.indexOf(a.config.recipe.offload) - offloads.indexOf(b.config.recipe.offload) ||
        a.recomputedSampleFlops - b.recomputedSampleFlops ||
        b.config.recipe.batchSize - a.config.recipe.batchSize ||
        a.peakLiveBytes - b.peakLiveBytes,
    );
  }

  /** FLOPs of a sample without recomputation; infinite where no configuration has this size. */
  trainingFlops(size: Size): number {
    for (const choice of combinations(this.axes(undefined))) {
      const [candidate] = this.candidatesOf(size, choice, [1]);
      if (candidate) return candidate.sampleFlops - candidate.recomputedSampleFlops;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Why no configuration has this size. */
  refusal(size: Size): InputError | undefined {
    const [choice] = combinations(this.axes(undefined));
    const resolved = this.resolve(this.flagsOf(size, choice!, 1));
    return resolved instanceof InputError ? resolved : undefined;
  }

  /** The first that fits; judged one by one, so that few are replayed. */
  firstThatFits(candidates: readonly StageCandidate[], device: Device): StageCandidate | undefined {
    return candidates.find(
      (candidate) =>
        verdictOfCandidate(candidate, device, this.errorBars[candidate.config.runtime], 'fits').kind === 'fits',
    );
  }

  /** The same way of training on another card, whose generation may change how matrices are multiplied. */
  on(device: Device, { flags, config }: StageCandidate): StageCandidate {
    return this.sized(flags, { ...config, device });
  }

  private valuesOf(option: 'precision' | 'offload'): readonly string[] {
    return this.space.axes.find((axis) => axis.option === option)?.values.map(String) ?? [];
  }

  /** All values of how to train, one of what is trained: the first. */
  private axes(precision: Precision | undefined): readonly Axis[] {
    const fixed = this.space.axes
      .filter(({ option }) => !sizeAndBatch.includes(option) && !(precision && option === 'precision'))
      .map(({ option, values }) => ({ option, values: howOptions.includes(option) ? values : values.slice(0, 1) }));
    return precision === undefined ? fixed : [...fixed, { option: 'precision', values: [precision] }];
  }

  private candidatesOf(size: Size, choice: Choice, microBatches: readonly number[]): readonly StageCandidate[] {
    return microBatches.flatMap((batchSize) => {
      const flags = this.flagsOf(size, choice, batchSize);
      const config = this.resolve(flags);
      return config instanceof InputError ? [] : [this.sized(flags, config)];
    });
  }

  private flagsOf({ hiddenDim, layers }: Size, choice: Choice, batchSize: number): Flags {
    return {
      ...choice,
      'hidden-dim': String(hiddenDim),
      layers: String(layers),
      batch: String(batchSize),
      ...(trains(choice, this.space) && { accumulate: String(this.globalBatch / batchSize) }),
    };
  }

  private resolve(flags: Flags): Config | InputError {
    try {
      return resolveWith(this.space.profile, { ...this.space.common, ...flags });
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  private sized(flags: Flags, config: Config): StageCandidate {
    return new StageCandidate(flags, config, this.unsizedSteps.of(config));
  }
}

type Choice = Readonly<Record<string, AxisValue>>;

/** Inference adds no gradients up: further samples are further calls. */
const trains = ({ mode }: Choice, { profile }: Space): boolean => (mode ?? profile.recipe.mode) !== 'inference';

const combinations = (axes: readonly Axis[]): readonly Choice[] =>
  axes.reduce<readonly Choice[]>(
    (soFar, { option, values }) => soFar.flatMap((choice) => values.map((value) => ({ ...choice, [option]: value }))),
    [{}],
  );
