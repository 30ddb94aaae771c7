/**
 * A runtime on several cards: the same contract, and its answers are those of the worst rank, so that everything that prices one card
 * prices several.
 */
import { perRuntime } from '../config/choices.js';
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Dimensions } from '../ir/shape.js';
import { peakLiveBytes } from '../memory/liveness.js';
import { bufferBytes, type Trace } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { type Counts, dimensionsOf } from '../models/dimensions.js';
import { forwardProgram } from '../models/index.js';
import { oneCardRuntimes } from '../runtimes/index.js';
import type { Runtime } from '../runtimes/types.js';
import { cutsRows, dimensionsOfRank, isParallel, isPipeline, programOfRank, traceOfRank } from './ranks.js';

export interface RankStep {
  readonly rank: number;
  readonly trace: Trace;
  readonly dimensions: Dimensions;
}

interface ParallelRuntime extends Runtime {
  /** `known`: the configuration's trace, by which the worst rank is found. */
  readonly dimensions: (base: Dimensions, config: Config, known?: Trace) => Dimensions;
  /** One rank's step; `base`: the model's own dimensions. */
  readonly stepOfRank: (config: Config, base: Dimensions, rank: number) => RankStep;
  readonly dimensionsOfRank: (config: Config, base: Dimensions, rank: number) => Dimensions;
}

function onSeveralCards(runtime: Runtime): ParallelRuntime {
  /** Ranks run the same operations but in a pipeline. */
  const trace: Runtime['trace'] = (program, config) => {
    if (isPipeline(config))
      return traceAt(program, config, worstRank(config, dimensionsOf(config, counts(config.model))));
    return traceAt(program, config, 0);
  };

  function traceAt(program: ForwardProgram, config: Config, rank: number): Trace {
    if (!isParallel(config)) return runtime.trace(program, config);
    const rewritten = programOfRank(config, program, runtime.segment(config), rank);
    const sizes = dimensionsOfRank(config, dimensionsOf(config, counts(config.model)), rank);
    return traceOfRank(config, rewritten, runtime.trace(rewritten, config), sizes, rank, runtime.bucketsGradients);
  }

  const dimensionsAt: ParallelRuntime['dimensionsOfRank'] = (config, base, rank) =>
    runtime.dimensions(dimensionsOfRank(config, base, rank), config);

  const stepOfRank = (config: Config, base: Dimensions, rank: number): RankStep => {
    const program = forwardProgram(config.model, config.recipe, runtime.segment(config));
    const dimensions = dimensionsAt(config, base, rank);
    return { rank, trace: traceAt(program, config, rank), dimensions };
  };

  const worst = new Map<string, number>();
  /** Ranks differ in size where the graph is cut. */
  const dimensions: ParallelRuntime['dimensions'] = (base, config, known) => {
    if (!isParallel(config)) return runtime.dimensions(base, config);
    return dimensionsAt(config, base, cutsRows(config) ? worstRank(config, base, known) : 0);
  };

  /** Ranks differ where the graph or the model is cut; else the first one has the largest shares. */
  function worstRank(config: Config, base: Dimensions, known?: Trace): number {
    if (!cutsRows(config) && !isPipeline(config)) return 0;
    const key = JSON.stringify([config.runtime, config.model, config.recipe]);
    let rank = worst.get(key);
    if (rank === undefined) {
      const first = known ?? stepOfRank(config, base, 0).trace;
      const peaks = Array.from({ length: config.recipe.gpus }, (_, each) => {
        const dimensions = dimensionsAt(config, base, each);
        const own = isPipeline(config) ? stepOfRank(config, base, each).trace : first;
        return peakLiveBytes(own, bufferBytes(own, dimensions));
      });
      rank = peaks.indexOf(Math.max(...peaks));
      worst.set(key, rank);
    }
    return rank;
  }

  return {
    ...runtime,
    trace,
    // Shares of the parameters end where sizes say, and stages of a pipeline hold as many micro-batches as there are.
    sizeClass: (config) => {
      const { model, recipe } = config;
      const own = runtime.sizeClass?.(config) ?? '';
      if (!isParallel(config)) return own;
      return JSON.stringify([own, model, isPipeline(config) ? recipe : recipe.batchSize]);
    },
    dimensions,
    stepOfRank,
    dimensionsOfRank: dimensionsAt,
  };
}

/** What the rest of the tool knows as the runtimes. */
export const runtimes = perRuntime((name) => onSeveralCards(oneCardRuntimes[name]));

/** The whole model's program, as the configuration's plan cuts it. */
export const programOf = (config: Config): ForwardProgram =>
  forwardProgram(config.model, config.recipe, runtimes[config.runtime].segment(config));

export const traceOf = (config: Config, program = programOf(config)): Trace =>
  runtimes[config.runtime].trace(program, config);

/** Forward and backward pass of one step on one card; a whole step where the runtime does not tell them from its update. */
export function passesOf(config: Config, program = programOf(config)): Trace {
  const { passes, trace } = runtimes[config.runtime];
  return passes === undefined || isParallel(config) ? trace(program, config) : passes(program, config);
}

/** What the optimizer holds all through the passes of one card; a whole step where the runtime does not tell it from them. */
export function stateOf(config: Config, program = programOf(config)): Trace {
  const { state, trace } = runtimes[config.runtime];
  return state === undefined || isParallel(config) ? trace(program, config) : state(program, config);
}

/** `trace`: where it is made already. */
export const dimensionsFor = (config: Config, base: Counts, trace?: Trace): Dimensions =>
  runtimes[config.runtime].dimensions(dimensionsOf(config, base), config, trace);
