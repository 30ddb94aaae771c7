import { formatCheckpoint, noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../config/types.js';
import { isLawful } from './apply.js';
import { trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

type Processor = CheckpointPlan['processor'];

/** Every number of layers, and PhysicsNeMo's segments where they are not a number of layers each; equal cuts once. */
function cuts(config: Config): readonly Processor[] {
  const { layers } = config.model;
  const every = Array.from({ length: layers }, (_, index): Processor => ({ kind: 'every', layers: index + 1 }));
  const segments = Array.from(
    { length: 2 * Math.max(0, layers - 2) },
    (_, index): Processor => ({ kind: 'segments', segments: index + 1 }),
  );
  return [...(config.model.layout === 'physicsnemo' ? [...segments, ...every] : [...every, ...segments])];
}

const alone = (processor: Processor): CheckpointPlan => ({ ...noCheckpoint, processor });

/** Blocks per segment in PhysicsNeMo's list of edge and node blocks; where two cuts agree in it, they are the same. */
function blocksPerSegment(processor: Processor, { model, runtime }: Config): string {
  const inner = 2 * Math.max(0, model.layers - 2);
  if (runtime !== 'pytorch' || model.layout !== 'physicsnemo' || processor.kind === 'none')
    return formatCheckpoint(alone(processor));
  return String(Math.min(inner, processor.kind === 'every' ? 2 * processor.layers : inner / processor.segments));
}

function alternatives(config: Config): readonly Processor[] {
  const seen = new Set([blocksPerSegment(config.recipe.checkpoint.processor, config)]);
  const none: Processor = { kind: 'none' };
  return [none, ...cuts(config)].filter((processor) => {
    const key = blocksPerSegment(processor, config);
    if (seen.has(key) || !isLawful(alone(processor), config)) return false;
    seen.add(key);
    return true;
  });
}

/** `[(0, 6), (6, 12), …]` over PhysicsNeMo's list of edge and node blocks. */
function segmentList(numBlocks: number, perSegment: number): string {
  const starts = Array.from({ length: Math.ceil(numBlocks / perSegment) }, (_, index) => index * perSegment);
  return `[${starts.map((start) => `(${start}, ${Math.min(numBlocks, start + perSegment)})`).join(', ')}]`;
}

function physicsnemoCode(processor: Processor, layers: number): readonly CodeLine[] {
  const where = 'PhysicsNeMo, conf/config.yaml';
  const inner = 2 * (layers - 2);
  if (processor.kind === 'none') return [{ where, text: 'checkpoint_processor: false' }];
  const segments = processor.kind === 'segments' ? processor.segments : inner / (2 * processor.layers);
  if (Number.isInteger(segments)) return [{ where, text: `checkpoint_processor: true\nsegments: ${segments}` }];
  const list = segmentList(inner, processor.kind === 'every' ? 2 * processor.layers : inner);
  return [
    {
      where: 'PhysicsNeMo, after the model is built (its YAML takes divisors only)',
      text: `model.set_checkpoint_processor(1)\nmodel.processor.checkpoint_segments = ${list}`,
    },
  ];
}

/** Groups of mesh steps, each one function of the latent graph under hk.remat (`_process` calls the steps one by one). */
const haikuGroups = (layers: number): CodeLine => ({
  where: 'GraphCast, deep_typed_graph_net.py, _process',
  text: [
    `for first in range(0, len(processor_networks), ${layers}):`,
    `  group = processor_networks[first:first + ${layers}]`,
    '  latent_graph = hk.remat(lambda graph, group=group: functools.reduce(',
    '      lambda g, network: self._process_step(network, g), group, graph))(latent_graph)',
  ].join('\n'),
});

function code(config: Config): readonly CodeLine[] {
  const { model, runtime, recipe } = config;
  const { processor } = recipe.checkpoint;
  if (!trains(config)) return [];
  if (runtime === 'jax') return processor.kind === 'every' ? [haikuGroups(processor.layers)] : [];
  switch (model.layout) {
    case 'physicsnemo':
      return physicsnemoCode(processor, model.layers);
    case 'anemoi-gnn':
    case 'anemoi-graphtransformer': {
      const where = 'anemoi, model config';
      if (processor.kind !== 'every') return [{ where, text: 'model.processor.gradient_checkpointing: False' }];
      const chunks = model.layers / processor.layers;
      return [{ where, text: `model.processor.gradient_checkpointing: True\nmodel.processor.num_chunks: ${chunks}` }];
    }
    default:
      return processor.kind === 'every'
        ? [
            {
              where: 'PyTorch',
              text: `for start in range(0, num_layers, ${processor.layers}):\n    edges, nodes = torch.utils.checkpoint.checkpoint(run_layers, start, start + ${processor.layers}, edges, nodes, use_reentrant=False)`,
            },
          ]
        : [];
  }
}

export const checkpointProcessor: Strategy = {
  id: 'checkpoint-processor',
  touches: 'plan',
  describe: 'Keeps the mesh nodes and edges between groups of layers only and recomputes the layers inside.',
  cost: 'The processor runs forward twice.',
  numerics: 'same',
  changes: (config) => (trains(config) ? alternatives(config).map((processor) => ({ checkpoint: { processor } })) : []),
  code,
};
