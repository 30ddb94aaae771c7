/** Every rank, alike ones together: what it holds, its peak, what it receives. */
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import { liveness } from '../memory/liveness.js';
import type { Category, Trace } from '../memory/trace.js';
import { graphModelOf } from '../models/counts.js';
import { type Counts, dimensionsOf } from '../models/dimensions.js';
import { forwardProgram } from '../models/index.js';
import { runtimes } from './index.js';
import { partition } from './partition.js';
import { areAlike, cutsRows, isParallel, isPipeline, modelParallelOf, programOfRank } from './ranks.js';
import { receivedBytes } from './traffic.js';

export interface RankRow {
  readonly firstRank: number;
  readonly lastRank: number;
  readonly gridNodes: number;
  readonly meshNodes: number;
  /** Rows of other ranks in one exchange of the encoder, of a layer and of the decoder together. */
  readonly haloNodes: number;
  readonly byCategory: Readonly<Record<Category, number>>;
  readonly peakLiveBytes: number;
  readonly receivedBytes: number;
}

/** More than one would read; the worst rank is in every report. */
const mostRanks = 64;

/** `trace`: the configuration's. */
export function rankTable(config: Config, counts: Counts, trace: Trace): readonly RankRow[] {
  if (!isParallel(config)) return [];
  const { gpus } = config.recipe;
  // Ranks run the same operations on other numbers of rows.
  if (cutsRows(config))
    return Array.from({ length: Math.min(mostRanks, gpus) }, (_, rank) => rowOf(config, counts, rank, trace));
  if (isPipeline(config))
    return Array.from({ length: Math.min(mostRanks, gpus) }, (_, rank) => rowOf(config, counts, rank));
  const first = rowOf(config, counts, 0, trace);
  if (areAlike(config)) return [{ ...first, lastRank: gpus - 1 }];
  // Shares never grow with the rank: where first and last are alike, all are.
  const last = rowOf(config, counts, gpus - 1);
  const isAlike = JSON.stringify({ ...first, lastRank: 0 }) === JSON.stringify({ ...last, firstRank: 0, lastRank: 0 });
  return isAlike ? [{ ...first, lastRank: gpus - 1 }] : [first, last];
}

function rowOf(config: Config, counts: Counts, rank: number, known?: Trace): RankRow {
  const runtime = runtimes[config.runtime];
  const base = dimensionsOf(config, counts);
  const dimensions = runtime.dimensionsOfRank(config, base, rank);
  const { peak, byCategory } = liveness(known ?? runtime.stepOfRank(config, base, rank).trace, dimensions);
  const part =
    config.recipe.parallel === 'graph' ? partition(graphModelOf(config.model), config.recipe.gpus)[rank]! : undefined;
  const segmentation = runtime.segment(config);
  const whole = forwardProgram(config.model, config.recipe, segmentation);
  const program = programOfRank(config, whole, segmentation, rank);
  const own = config.recipe.parallel === 'model' ? modelParallelOf(config).nodes(config, counts, rank) : undefined;
  const { gridNodes, meshNodes } = own ?? part ?? nodesOf(program, counts);
  return {
    firstRank: rank,
    lastRank: rank,
    gridNodes,
    meshNodes,
    haloNodes: own?.haloNodes ?? (part ? part.grid2meshHalo + part.meshHalo + part.mesh2gridHalo : 0),
    byCategory,
    peakLiveBytes: peak.liveBytes,
    receivedBytes: Math.ceil(receivedBytes({ config, program, dimensions, ...(part && { rank: part }) })),
  };
}

/** A stage between the first and the last of a pipeline has no grid nodes. */
function nodesOf({ stage }: ForwardProgram, { gridNodes, meshNodes }: Counts): Pick<Counts, 'gridNodes' | 'meshNodes'> {
  const isBetween = stage !== undefined && stage.index > 0 && stage.index < stage.numStages - 1;
  return { gridNodes: isBetween ? 0 : gridNodes, meshNodes };
}
