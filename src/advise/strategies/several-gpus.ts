import type { Config, Parallelism } from '../../config/types.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import type { Change, Strategy } from '../types.js';

export const numbersOfGpus = [2, 4, 8, 16, 32];

/** The samples of an optimizer step stay, where the cards divide them; the cards of the other kinds share each sample. */
function shared({ recipe }: Config, gpus: number, parallel: Parallelism): Change | undefined {
  // One sample at a time.
  if (parallel === 'model')
    return { recipe: { gpus, parallel, batchSize: 1, accumulate: recipe.accumulate * recipe.batchSize } };
  if (!dividesSamples(parallel)) return { recipe: { gpus, parallel } };
  const { batchSize, accumulate } = recipe;
  if (batchSize % gpus === 0) return { recipe: { gpus, parallel, batchSize: batchSize / gpus } };
  if (parallel === 'data') return undefined;
  return { recipe: { gpus, parallel, ...(accumulate % gpus === 0 && { accumulate: accumulate / gpus }) } };
}

const dividesSamples = (parallel: Parallelism): boolean => parallel === 'data' || parallel.startsWith('zero');

export const sharedBy = (config: Config, gpus: number): readonly Change[] =>
  runtimeTraits[config.runtime].parallel.flatMap((parallel) =>
    parallel === 'none' ? [] : (shared(config, gpus, parallel) ?? []),
  );

export const severalGpus: Strategy = {
  id: 'several-gpus',
  touches: 'cards',
  describe: 'Several cards share the samples, the state, the graph, the layers or their width.',
  cost: 'More cards, and bytes between them in every step.',
  numerics: 'same',
  changes: (config) => numbersOfGpus.flatMap((gpus) => sharedBy(config, gpus)),
};
