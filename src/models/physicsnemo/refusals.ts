/** What GraphCastNet raises at (nvidia-physicsnemo 2.2.2, run on a CPU: tests/data/options-run.jsonl; NVIDIA/physicsnemo 94b3551). */
import type { Refusal } from '../refusals.js';

const file = (path: string): string => `https://github.com/NVIDIA/physicsnemo/blob/94b3551/physicsnemo/${path}`;

export const physicsnemoRefusals: readonly Refusal[] = [
  {
    kind: 'raises',
    applies: ({ batchSize }) => batchSize > 1,
    instead: () => ({ batchSize: 1 }),
    reason: 'PhysicsNeMo’s GraphCastNet takes one sample: its prepare_input raises at a batch size above 1',
    source: file('models/graphcast/graph_cast_net.py'),
    nextSteps: ({ batchSize, accumulate, mode }) =>
      mode === 'train' ? [`--batch 1 --accumulate ${batchSize * accumulate}`] : ['--batch 1'],
  },
  {
    kind: 'raises',
    applies: ({ recomputeActivation, precision }) =>
      recomputeActivation && (precision === 'bf16' || precision === 'fp16'),
    instead: () => ({ recomputeActivation: false, precision: 'fp32' }),
    reason:
      'PhysicsNeMo’s recompute_activation raises under autocast: its backward pass runs outside of it and multiplies 16-bit gradients by fp32 weights',
    source: file('nn/module/gnn_layers/mesh_graph_mlp.py'),
    nextSteps: () => ['--no-recompute-activation', '--precision bf16-full', '--precision fp32'],
  },
  {
    kind: 'needsChange',
    applies: ({ parallel, gpus }) => parallel === 'graph' && gpus > 1,
    instead: () => ({ parallel: 'data' }),
    reason:
      'GraphCastNet refuses a partition_size above 1 since PhysicsNeMo 2: a graph cut over several cards needs release 1.2 with DGL',
    source: file('models/graphcast/graph_cast_net.py'),
    nextSteps: () => ['--parallel data', '--parallel zero3'],
  },
];
