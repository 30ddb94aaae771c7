/** What each order of growing costs: arithmetic, time by the roofline, and money where the card's price is known. */
import type { Sweep } from '../reports/sweep/schema.js';
import type { Path, PathStage } from '../search/paths.js';
import { pricesOf } from './cards.js';
import { priced } from './priced.js';

type Paths = NonNullable<Sweep['plan']['paths']>;
type Row = Paths['rows'][number];
type StageRow = Row['stages'][number];

const millisecondsPerHour = 3_600_000;

export function pathsReport(
  paths: readonly Path[],
  updates: readonly number[],
  globalBatch: number,
  pricesFile: string | undefined,
): Paths {
  const { perHour, about } = pricesOf(pricesFile);
  const known = new Map<PathStage['candidate'], number | undefined>();
  const stepTimeOf = ({ candidate }: PathStage) => {
    if (!known.has(candidate)) known.set(candidate, priced(candidate.config, candidate.unsizedStep).cost.stepTimeMs);
    return known.get(candidate);
  };
  const stageOf = (stage: PathStage): StageRow => {
    const { hiddenDim, layers, candidate, device } = stage;
    const { accumulate, gpus } = candidate.config.recipe;
    const stepTimeMs = stepTimeOf(stage);
    const hours = stepTimeMs && (stage.updates * accumulate * stepTimeMs) / millisecondsPerHour;
    const pricePerHour = perHour.get(device.name);
    return {
      hiddenDim,
      layers,
      updates: stage.updates,
      device: device.name,
      flops: stage.updates * globalBatch * candidate.sampleFlops,
      ...(hours !== undefined && { hours }),
      ...(hours !== undefined && pricePerHour !== undefined && { price: hours * gpus * pricePerHour }),
    };
  };
  const rows = paths.map((path) => ({ path, stages: path.stages.map(stageOf) }));
  const chosen = rows.find(({ path }) => path.chosen)!;
  const chosenFlops = totalOf(chosen.path, chosen.stages, 'flops');
  return {
    updates: [...updates],
    prices: about,
    rows: rows.map(({ path, stages }): Row => {
      const flops = totalOf(path, stages, 'flops');
      const hours = totalOf(path, stages, 'hours');
      const price = totalOf(path, stages, 'price');
      return {
        order: path.order,
        chosen: path.chosen,
        sizes: path.sizes.map(({ hiddenDim, layers }) => ({ hiddenDim, layers })),
        stages,
        ...(flops !== undefined && { flops }),
        ...(flops !== undefined && chosenFlops !== undefined && { relativeFlops: flops / chosenFlops }),
        ...(hours !== undefined && { hours }),
        ...(price !== undefined && { price }),
      };
    }),
  };
}

/** Absent where a stage has none, or trains nowhere. */
function totalOf({ sizes }: Path, stages: readonly StageRow[], key: 'flops' | 'hours' | 'price'): number | undefined {
  if (stages.length < sizes.length) return undefined;
  return stages.reduce<number | undefined>((sum, { [key]: each }) => {
    return sum === undefined || each === undefined ? undefined : sum + each;
  }, 0);
}
