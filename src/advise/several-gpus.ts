/** Several cards of the same kind, where one is not enough: the fewest on which one of the usual combinations fits. */
import { valuesByRuntime } from '../config/capabilities.js';
import type { Config, Parallelism } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { applyChanges } from './apply.js';
import { cheapestSameWay, type SearchInput, type Way } from './cheapest.js';
import type { Change, Strategy } from './types.js';
import { typicalStrategies } from './typical.js';

const numbersOfGpus = [2, 4, 8, 16, 32];

/** Of each number of cards and each way to share. */
const maxEvents = 400_000;

/** The samples of an optimizer step stay, where the cards divide them; the cards of the other kinds share each sample. */
function shared({ recipe }: Config, gpus: number, parallel: Parallelism): Change | undefined {
  if (!dividesSamples(parallel)) return { recipe: { gpus, parallel } };
  const { batchSize, accumulate } = recipe;
  if (batchSize % gpus === 0) return { recipe: { gpus, parallel, batchSize: batchSize / gpus } };
  if (parallel === 'data') return undefined;
  return { recipe: { gpus, parallel, ...(accumulate % gpus === 0 && { accumulate: accumulate / gpus }) } };
}

const dividesSamples = (parallel: Parallelism): boolean => parallel === 'data' || parallel.startsWith('zero');

const sharedBy = (config: Config, gpus: number): readonly Change[] =>
  valuesByRuntime.parallel[config.runtime].flatMap((parallel) =>
    parallel === 'none' ? [] : (shared(config, gpus, parallel) ?? []),
  );

export function fewestGpus(input: SearchInput): Way | undefined {
  const { config } = input;
  if (config.recipe.gpus > 1) return undefined;
  for (const gpus of numbersOfGpus) {
    const [cheapest] = sharedBy(config, gpus)
      .flatMap((change) => applyChanges(config, [change]) ?? [])
      .flatMap((start) => cheapestSameWay({ ...input, config: start, strategies: typicalStrategies, maxEvents }) ?? [])
      .sort(
        (a, b) =>
          numOffloaded(a) - numOffloaded(b) ||
          a.recomputedSampleFlops - b.recomputedSampleFlops ||
          a.peakLiveBytes - b.peakLiveBytes,
      );
    if (cheapest) return cheapest;
  }
  return undefined;
}

const numOffloaded = ({ config }: Way): number => (config.recipe.offload === 'none' ? 0 : 1);

const deepspeed = (stage: 1 | 2 | 3): CodeLine => ({
  where: 'DeepSpeed, JSON (with PyTorch itself: FSDP)',
  text: `"zero_optimization": {"stage": ${stage}}`,
});

function code({ runtime, model, recipe }: Config): readonly CodeLine[] {
  const { parallel, gpus, accumulate } = recipe;
  switch (parallel) {
    case 'none':
      return [];
    case 'data':
      return runtime === 'jax'
        ? [{ where: 'JAX', text: "train_step = jax.pmap(train_step, axis_name='batch')" }]
        : [{ where: 'PyTorch', text: 'model = torch.nn.parallel.DistributedDataParallel(model)' }];
    case 'zero1':
      return [deepspeed(1)];
    case 'zero2':
      return [deepspeed(2)];
    case 'zero3':
      return [deepspeed(3)];
    case 'graph':
      return [
        {
          where: 'PhysicsNeMo (up to v1.2), the model',
          text: `GraphCastNet(..., partition_size=${gpus}, partition_group_name="graph_partition")`,
        },
      ];
    case 'tensor':
      return [
        {
          where: `PyTorch, every MLP (${model.hiddenDim / gpus} columns a card)`,
          text: 'parallelize_module(mlp, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})',
        },
      ];
    case 'pipeline':
      return [
        {
          where: 'PyTorch, torch.distributed.pipelining',
          text: `schedule = ${recipe.pipelineSchedule === 'gpipe' ? 'ScheduleGPipe' : 'Schedule1F1B'}(stage, n_microbatches=${accumulate}, loss_fn=loss)`,
        },
      ];
  }
}

export const severalGpus: Strategy = {
  id: 'several-gpus',
  touches: 'cards',
  describe: 'Several cards share the samples, the state, the graph, the layers or their width.',
  cost: 'More cards, and bytes between them in every step.',
  numerics: 'same',
  changes: (config) => numbersOfGpus.flatMap((gpus) => sharedBy(config, gpus)),
  code,
};
