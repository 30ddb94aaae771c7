/**
 * One rank of a training over several cards: what of the program, of its sizes and of the trace is its own. The order is fixed: the
 * program is rewritten (tensor, graph, pipeline), then sized for the rank, then lowered by the runtime, and the trace is edited last (buckets,
 * shards), so that a strategy never sees another one's leavings.
 */
import { fullElementBytes } from '../config/choices.js';
import type { Config, Parallelism, Recipe } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import { type Dimensions, numElements } from '../ir/shape.js';
import type { Category, Trace } from '../memory/trace.js';
import type { ModelParallel } from '../models/code-base.js';
import { graphModelOf } from '../models/counts.js';
import { type Counts, dimensionsOf } from '../models/dimensions.js';
import { codeBaseOf, stageOf } from '../models/index.js';
import { withBuckets } from './data.js';
import { exchangeSenders } from './graph.js';
import { partition } from './partition.js';
import { shardSymbol, splitMlps } from './tensor.js';
import { fromEvents, type TraceEvent, toEvents } from './trace-events.js';
import { shardGradients, shardOptimizer, shardParameters } from './zero.js';

export const isParallel = ({ recipe }: Pick<Config, 'recipe'>): boolean =>
  recipe.gpus > 1 && recipe.parallel !== 'none';

/** Ranks have other numbers of rows. */
export const cutsRows = ({ recipe }: Pick<Config, 'recipe'>): boolean =>
  recipe.gpus > 1 && (recipe.parallel === 'graph' || recipe.parallel === 'model');

/** Every rank has the same trace at the same sizes. */
export const areAlike = ({ recipe }: Pick<Config, 'recipe'>): boolean =>
  recipe.parallel === 'data' || recipe.parallel === 'tensor';

/** Cards that share in one of these ways run the same operations, whatever their number. */
const alikeForAnyNumber: readonly Parallelism[] = ['data', 'graph', 'tensor'];

/** What of the number of cards a trace depends on. */
export const gpusOfTrace = ({ gpus, parallel }: Recipe): number =>
  alikeForAnyNumber.includes(parallel) ? Math.min(gpus, 2) : gpus;

export const isPipeline = ({ recipe }: Pick<Config, 'recipe'>): boolean =>
  recipe.gpus > 1 && recipe.parallel === 'pipeline';

/** Of the categories that ranks share, by the way in which they do. */
const sharedCategories: Readonly<Partial<Record<Parallelism, readonly Category[]>>> = {
  data: [],
  graph: [],
  zero1: ['optimizer'],
  zero2: ['optimizer', 'gradient'],
  zero3: ['optimizer', 'gradient', 'parameter'],
};

/**
 * One card that holds, apart from what ranks share, no more than the fullest rank does at any moment: the same passes with its samples, and
 * where the graph is cut with the ranks' mean of every number of rows. (Live bytes are sums over rows of one kind each, so that the mean
 * over ranks is what the mean rank holds; exchanged senders come on top.) Nothing where operations themselves are cut.
 */
export function aloneAtMost(
  config: Config,
  counts: Counts,
): { readonly config: Config; readonly counts: Counts; readonly shared: readonly Category[] } | undefined {
  const { gpus, parallel } = config.recipe;
  if (!isParallel(config)) return { config, counts, shared: [] };
  const shared = sharedCategories[parallel];
  if (shared === undefined) return undefined;
  const rows = Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, Math.floor(count / gpus)]));
  return {
    config: { ...config, recipe: { ...config.recipe, gpus: 1, parallel: 'none' } },
    counts: parallel === 'graph' ? { ...counts, ...rows } : counts,
    shared,
  };
}

/** Of a recipe that is checked. */
export const modelParallelOf = ({ model }: Pick<Config, 'model'>): ModelParallel =>
  codeBaseOf(model.layout).modelParallel!;

/** Symbols of the rank on top of the model's. */
export function dimensionsOfRank(config: Config, base: Dimensions, rank: number): Dimensions {
  const { parallel, gpus } = config.recipe;
  if (parallel === 'tensor') return { ...base, [shardSymbol]: config.model.hiddenDim / gpus };
  if (parallel === 'model')
    return { ...base, ...modelParallelOf(config).dimensions(config, base as Dimensions & Counts, rank) };
  if (parallel !== 'graph') return base;
  const counts = partition(graphModelOf(config.model), gpus)[rank]!;
  return { ...base, ...dimensionsOf(config, counts) };
}

/** `program`: the whole model's, as `segmentation` cuts it. */
export function programOfRank(
  { model, recipe }: Config,
  program: ForwardProgram,
  segmentation: Segmentation,
  rank: number,
): ForwardProgram {
  switch (recipe.parallel) {
    case 'tensor':
      return splitMlps(program);
    case 'graph':
      return exchangeSenders(program);
    case 'pipeline':
      return stageOf(model, recipe, segmentation, rank);
    default:
      return program;
  }
}

/** Elements of every parameter tensor, and of every network. */
function parameterSizes(program: ForwardProgram, dimensions: Dimensions) {
  const elements = program.parameters.map(({ value }) => numElements(program.values[value]!.shape, dimensions));
  const ofNetwork = new Map<string, number>();
  for (const [index, { network }] of program.parameters.entries())
    ofNetwork.set(network, (ofNetwork.get(network) ?? 0) + elements[index]!);
  return { elements, networks: [...ofNetwork.values()] };
}

/** `dimensions`: at least of the parameters' symbols. */
export function traceOfRank(
  config: Config,
  program: ForwardProgram,
  trace: Trace,
  dimensions: Dimensions,
  rank: number,
  bucketsGradients: boolean,
): Trace {
  const { parallel, gpus, mode } = config.recipe;
  if (parallel === 'pipeline') return trace;
  const trains = mode === 'train';
  const sharding = { rank, numRanks: gpus, dimensions };
  const sizes = parameterSizes(program, dimensions);
  const elementBytes = fullElementBytes(config.recipe);
  const unedited = toEvents(trace);
  let events: readonly TraceEvent[] = unedited;
  if (trains && bucketsGradients && ['data', 'graph', 'zero1'].includes(parallel))
    events = withBuckets(events, sizes.elements, elementBytes);
  if (trains && parallel.startsWith('zero')) events = shardOptimizer(events, sharding);
  if (trains && (parallel === 'zero2' || parallel === 'zero3')) events = shardGradients(events, sharding);
  if (parallel === 'zero3') {
    const [largest = 0, second = 0] = sizes.networks.toSorted((a, b) => b - a);
    events = shardParameters(events, sharding, [largest, second].filter(Boolean));
  }
  const edited = fromEvents(events);
  // An edit depends on sizes of its own.
  return events === unedited && trace.holdsFor ? { ...edited, holdsFor: trace.holdsFor } : edited;
}
