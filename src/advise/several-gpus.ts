/** Several cards of the same kind, where one is not enough: the fewest on which one of the usual combinations fits. */
import { applyChanges } from './apply.js';
import { cheapestSameRemedy, type Remedy, type SearchInput } from './cheapest.js';
import { Effort } from './effort.js';
import { numbersOfGpus, sharedBy } from './strategies/several-gpus.js';
import { typicalStrategies } from './typical.js';

/** Of each number of cards and each way to share. */
const maxEvents = 400_000;

export async function fewestGpus(input: SearchInput): Promise<Remedy | undefined> {
  const { config, effort = Effort.unlimited() } = input;
  if (config.recipe.gpus > 1) return undefined;
  for (const gpus of numbersOfGpus) {
    const found: Remedy[] = [];
    for (const change of sharedBy(config, gpus)) {
      const start = applyChanges(config, [change]);
      const remedy =
        start &&
        (await cheapestSameRemedy({
          ...input,
          config: start,
          strategies: typicalStrategies,
          effort: effort.limitedTo(maxEvents),
        }));
      if (remedy) found.push(remedy);
    }
    const [cheapest] = found.sort(
      (a, b) =>
        numOffloaded(a) - numOffloaded(b) ||
        a.recomputedSampleFlops - b.recomputedSampleFlops ||
        a.peakLiveBytes - b.peakLiveBytes,
    );
    if (cheapest) return cheapest;
  }
  return undefined;
}

const numOffloaded = ({ config }: Remedy): number => (config.recipe.offload === 'none' ? 0 : 1);
