/**
 * What candidates of one structure share: program, trace, and the polynomials that price any size of it. The order of a trace's
 * events depends on depth, plan, precision, optimizer … (the structure) and never on width, batch, mesh or grid (the sizes).
 */
import type { Config } from '../config/types.js';
import { type FlopTerms, flopTerms } from '../cost/flops.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../program/dimensions.js';
import { dimensionsOf } from '../program/dimensions.js';
import { forwardProgram } from '../program/index.js';
import type { Dimensions } from '../program/shape.js';
import type { ForwardProgram } from '../program/types.js';
import { runtimes } from '../runtimes/index.js';
import { type Envelope, liveEnvelope, peakOf } from './envelope.js';
import { Basis, type Coefficients, evaluate, polynomial } from './polynomial.js';

export interface Structure {
  readonly program: ForwardProgram;
  readonly trace: Trace;
  readonly basis: Basis;
  readonly envelope: Envelope;
  readonly parameters: Coefficients;
  readonly sampleFlops: Coefficients;
  readonly recomputedSampleFlops: Coefficients;
}

/** What a search knows of a candidate without replaying it. */
export interface Sized {
  readonly peakLiveBytes: number;
  readonly parameters: number;
  /** Per sample: of a training step, or of a forward pass in inference. */
  readonly sampleFlops: number;
  readonly recomputedSampleFlops: number;
}

/** Equal keys: the same trace, whatever the sizes. The card is part of it: XLA multiplies differently on each generation. */
export function structureKey({ runtime, model, recipe, device }: Config): string {
  const { name, hiddenDim, meshLevel, grid, pressureLevels, inputChannels, outputChannels, radiusFraction, ...shape } =
    model;
  const { batchSize, accumulate, allocator, memFraction, ...rules } = recipe;
  // Micro-steps after the second repeat it.
  return JSON.stringify([runtime, shape, rules, Math.min(accumulate, 2), device?.computeCapability]);
}

export function structureOf(config: Config): Structure {
  const { runtime } = runtimes[config.runtime];
  const program = forwardProgram(config.model, config.recipe, runtime.segment(config));
  const trace = runtime.trace(program, config);
  const basis = new Basis();
  for (const { shape } of trace.layouts) basis.indexOf(shape);
  const flops = flopTerms(program);
  return {
    program,
    trace,
    basis,
    envelope: liveEnvelope(trace, basis),
    parameters: polynomial(
      basis,
      program.parameters.map(({ value }) => [program.values[value]!.shape, 1]),
    ),
    sampleFlops: polynomial(basis, perSample(program.loss === undefined ? flops.forward : flops.train)),
    recomputedSampleFlops: polynomial(basis, perSample(flops.recomputed)),
  };
}

/** Products are linear in the batch: without that axis the number is exactly the same at every batch size. */
const perSample = (terms: FlopTerms): FlopTerms =>
  terms.map(([shape, weight]) => [shape.filter(({ symbol }) => symbol !== 'batch'), weight]);

export function dimensionsFor(config: Config, counts: Counts): Dimensions {
  return runtimes[config.runtime].runtime.dimensions(dimensionsOf(config, counts), config);
}

export function sizeUp(structure: Structure, dimensions: Dimensions): Sized {
  const { basis, envelope, parameters, sampleFlops, recomputedSampleFlops } = structure;
  const values = basis.values(dimensions);
  return {
    peakLiveBytes: peakOf(envelope, values),
    parameters: evaluate(parameters, values),
    sampleFlops: evaluate(sampleFlops, values),
    recomputedSampleFlops: evaluate(recomputedSampleFlops, values),
  };
}

/** The structures met so far; a search that walks depth by depth needs only the latest few. */
export class Structures {
  private readonly known = new Map<string, Structure>();

  constructor(private readonly maxKept = 64) {}

  of(config: Config): Structure {
    const key = structureKey(config);
    let structure = this.known.get(key);
    if (structure === undefined) {
      structure = structureOf(config);
      if (this.known.size >= this.maxKept) this.known.delete(this.known.keys().next().value!);
      this.known.set(key, structure);
    }
    return structure;
  }
}
