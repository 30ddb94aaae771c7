/**
 * What candidates of one structure share: program, trace, and the polynomials that price any size of it. The order of a trace's
 * events depends on depth, plan, precision, optimizer … (the structure) and never on width, batch, mesh or grid (the sizes).
 */
import type { Config } from '../config/types.js';
import { type FlopTerms, flopTerms } from '../cost/flops.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Dimensions } from '../ir/shape.js';
import type { Trace } from '../memory/trace.js';
import { programOf, runtimes, traceOf } from '../parallel/index.js';
import { gpusOfTrace } from '../parallel/ranks.js';
import { type Envelope, envelopeAtSize, envelopeInWidth, liveEnvelope, peakAt } from './envelope.js';
import { Basis, type Coefficients, evaluate, type InWidth, inWidth, polynomial } from './polynomial.js';

export interface Costs {
  readonly parameters: number;
  /** Per sample: of a training step, or of a forward pass in inference. */
  readonly sampleFlops: number;
  readonly recomputedSampleFlops: number;
}

interface CostPolynomials {
  readonly basis: Basis;
  readonly parameters: Coefficients;
  readonly sampleFlops: Coefficients;
  readonly recomputedSampleFlops: Coefficients;
}

/** Costs need the program, memory the trace: a trace is made when it is first asked for. */
export class UnsizedStep {
  readonly program: ForwardProgram;
  private readonly costPolynomials: CostPolynomials;
  private madeTrace: Trace | undefined;
  private madeEnvelope: Envelope | 'tooLarge' | undefined;

  constructor(private readonly config: Config) {
    this.program = programOf(config);
    this.costPolynomials = costPolynomials(this.program);
  }

  get trace(): Trace {
    this.madeTrace ??= traceOf(this.config, this.program);
    return this.madeTrace;
  }

  /** Everything at given rows, batch and channels, for any width. */
  inWidth(dimensions: Dimensions): StepByWidth {
    const { basis, parameters, sampleFlops, recomputedSampleFlops } = this.costPolynomials;
    const [p, s, r] = inWidth(basis, [parameters, sampleFlops, recomputedSampleFlops], dimensions);
    let envelope: readonly InWidth[] | undefined;
    return {
      costsAt: (width) => ({
        parameters: evaluate(p!, width),
        sampleFlops: evaluate(s!, width),
        recomputedSampleFlops: evaluate(r!, width),
      }),
      peakLiveBytesAt: (width) => {
        envelope ??= this.envelopeAt(dimensions);
        return peakAt(envelope, width);
      },
    };
  }

  private envelopeAt(dimensions: Dimensions): readonly InWidth[] {
    this.madeEnvelope ??= liveEnvelope(this.trace) ?? 'tooLarge';
    if (this.madeEnvelope === 'tooLarge') return envelopeAtSize(this.trace, dimensions);
    return envelopeInWidth(this.madeEnvelope, dimensions);
  }
}

export interface StepByWidth {
  readonly costsAt: (width: number) => Costs;
  /** The trace is made when this is first asked for. */
  readonly peakLiveBytesAt: (width: number) => number;
}

function costPolynomials(program: ForwardProgram): CostPolynomials {
  const basis = new Basis();
  const flops = flopTerms(program);
  const parameterShapes = program.parameters.map(({ value }) => [program.values[value]!.shape, 1] as const);
  return {
    basis,
    parameters: polynomial(basis, parameterShapes),
    sampleFlops: polynomial(basis, perSample(program.loss === undefined ? flops.forward : flops.train)),
    recomputedSampleFlops: polynomial(basis, perSample(flops.recomputed)),
  };
}

/** Products are linear in the batch: without that axis the number is exactly the same at every batch size. */
const perSample = (terms: FlopTerms): FlopTerms =>
  terms.map(([shape, weight]) => [shape.filter(({ symbol }) => symbol !== 'batch'), weight]);

/** Equal keys: the same program and rules, whatever the sizes. The card is part of it where kernels depend on it. */
export const shapeKey = (config: Config): string => keyOf(config, runtimes[config.runtime].cutsOf(config));

function keyOf(config: Config, cuts: unknown): string {
  const { runtime, model, recipe, device } = config;
  const {
    name,
    hiddenDim,
    meshLevel,
    grid,
    counts,
    pressureLevels,
    inputChannels,
    outputChannels,
    radiusFraction,
    ...shape
  } = model;
  // The process around a step, and how far its number may be off, are no part of its trace.
  const { batchSize, accumulate, allocator, memFraction, jaxAllocator, xlaGemm, checkpoint, ...rules } = recipe;
  const gpus = gpusOfTrace(recipe);
  // Shares of several cards are cut from the sizes of the parameters.
  const widths = recipe.gpus > 1 ? [hiddenDim, inputChannels, outputChannels] : [];
  const card = device && runtimes[runtime].cards.kernelsOf?.(device);
  // Micro-steps after the second repeat it.
  return JSON.stringify([runtime, shape, { ...rules, gpus }, cuts, Math.min(accumulate, 2), card, ...widths]);
}

const sizeClassOf = (config: Config): string => runtimes[config.runtime].sizeClass?.(config) ?? '';

/** Whether configurations that differ in width alone are of one structure. */
export const isOneUnsizedStep = (config: Config): boolean => {
  const { model } = config;
  const wider = { ...config, model: { ...model, hiddenDim: model.hiddenDim + 1 } };
  return sizeClassOf(config) === sizeClassOf(wider);
};

/** Equal keys: the same program and trace. */
export const unsizedStepKey = (config: Config): string => shapeKey(config) + sizeClassOf(config);

/** What of a checkpoint plan decides the trace. */
const traceCutsOf = (config: Config): unknown => {
  const { cutsOf, traceCutsOf = cutsOf } = runtimes[config.runtime];
  return traceCutsOf(config);
};

/** What of a checkpoint plan decides a step: its trace, and a size that the trace may not tell. */
export const stepCutsOf = (config: Config): unknown => {
  const { edges } = config.recipe.checkpoint;
  return [traceCutsOf(config), edges.kind === 'none' ? 1 : edges.blocks];
};

/** Equal keys: the same trace. */
export const traceKey = (config: Config): string => keyOf(config, traceCutsOf(config)) + sizeClassOf(config);

/** The structures met last: a search walks through them one after the other. */
export class UnsizedSteps {
  private readonly known = new Map<string, UnsizedStep>();

  /** `others`: looked into first, and left as they are. */
  constructor(
    private readonly maxKept = 64,
    private readonly others?: UnsizedSteps,
  ) {}

  /** `shape`: the configuration's `shapeKey`, where many share it. */
  of(config: Config, shape = shapeKey(config)): UnsizedStep {
    const key = shape + sizeClassOf(config);
    let unsizedStep = this.others?.known.get(key) ?? this.known.get(key);
    if (unsizedStep === undefined) {
      unsizedStep = new UnsizedStep(config);
      if (this.known.size >= this.maxKept) this.known.delete(this.known.keys().next().value!);
      this.known.set(key, unsizedStep);
    }
    return unsizedStep;
  }
}
