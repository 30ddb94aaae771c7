import { formatCheckpoint, noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { codeBaseOf, layoutOf } from '../models/index.js';
import { isLawful } from './apply.js';
import { trains } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

type Processor = CheckpointPlan['processor'];

/** Every number of layers, and segments where they are not a number of layers each; equal cuts once. */
function cuts({ model }: Config): readonly Processor[] {
  const { layers, layout } = model;
  const every = Array.from({ length: layers }, (_, index): Processor => ({ kind: 'every', layers: index + 1 }));
  const segments = Array.from(
    { length: 2 * Math.max(0, layers - 2) },
    (_, index): Processor => ({ kind: 'segments', segments: index + 1 }),
  );
  return codeBaseOf(layout).processorCuts?.segmentsFirst ? [...segments, ...every] : [...every, ...segments];
}

const alone = (processor: Processor): CheckpointPlan => ({ ...noCheckpoint, processor });

/** Where two cuts agree in it, they are the same. */
function keyOf(processor: Processor, { model, runtime }: Config): string {
  const own = codeBaseOf(model.layout).processorCuts;
  const isHome = layoutOf(model.layout).home === runtime;
  return own !== undefined && isHome ? own.key(processor, model) : formatCheckpoint(alone(processor));
}

function alternatives(config: Config): readonly Processor[] {
  const seen = new Set([keyOf(config.recipe.checkpoint.processor, config)]);
  const none: Processor = { kind: 'none' };
  return [none, ...cuts(config)].filter((processor) => {
    const key = keyOf(processor, config);
    if (seen.has(key) || !isLawful(alone(processor), config)) return false;
    seen.add(key);
    return true;
  });
}

const layerGroups = (layers: number): CodeLine => ({
  where: 'PyTorch',
  text: `for start in range(0, num_layers, ${layers}):\n    edges, nodes = torch.utils.checkpoint.checkpoint(run_layers, start, start + ${layers}, edges, nodes, use_reentrant=False)`,
});

export const checkpointProcessor: Strategy = {
  id: 'checkpoint-processor',
  touches: 'plan',
  describe: 'Keeps the mesh nodes and edges between groups of layers only and recomputes the layers inside.',
  cost: 'The processor runs forward twice.',
  numerics: 'same',
  changes: (config) => (trains(config) ? alternatives(config).map((processor) => ({ checkpoint: { processor } })) : []),
  code: inRuntimes({
    pytorch: ({ recipe: { checkpoint } }) =>
      checkpoint.processor.kind === 'every' ? [layerGroups(checkpoint.processor.layers)] : [],
  }),
};
