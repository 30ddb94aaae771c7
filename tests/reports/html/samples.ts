/** Reports of commands that need somebody's Python, or minutes, as such a command makes them. */
import type { Capture } from '../../../src/reports/capture/schema.js';
import type { Grown } from '../../../src/reports/grow/schema.js';
import type { Ladder } from '../../../src/reports/ladder/schema.js';
import { sample } from '../sample.js';

const tool = { name: 'gc-plan', version: '0.1.0' } as const;

export const grown: Grown = {
  schema: 'gc-plan/grow@1',
  tool,
  checkpoint: 'GraphCast',
  format: 'npz',
  from: { file: '/home/someone/params.npz', hiddenDim: 256, layers: 8, arrays: 3, elements: 5_390_419 },
  to: { file: '/home/someone/grown.npz', hiddenDim: 512, layers: 16, arrays: 4, elements: 35_979_347 },
  arrays: [
    {
      name: 'params:mesh_gnn/~_networks_builder/processor_edges_0_mesh_mlp/~/linear_0:w',
      how: 'tiled',
      shape: [1536, 512],
      fromShape: [768, 256],
    },
    {
      name: 'params:mesh_gnn/~_networks_builder/processor_edges_8_mesh_mlp/~/linear_0:w',
      how: 'new',
      shape: [1536, 512],
    },
    { name: 'params:grid2mesh_gnn/~_networks_builder/encoder_nodes:b', how: 'tiled', shape: [512], fromShape: [256] },
    { name: 'model_config:latent_size', how: 'set', shape: [], fromShape: [] },
  ],
  optimizer: 'reset',
  dropped: ['optimizer_state'],
  assumptions: ['Warm the learning rate up again: the optimizer’s moments start at 0.'],
};

export const captured: Capture = {
  schema: 'gc-plan/capture@1',
  tool,
  framework: 'pytorch',
  source: 'train.py:make_step',
  versions: { python: '3.11.7', torch: '2.13.0+cpu', 'nvidia-physicsnemo': '2.2.2' },
  trace: {
    file: 'step.trace.gz',
    fileBytes: 123_456,
    numBuffers: 1_601,
    numEvents: 2_621,
    parameters: { count: 52_550_667, bytes: 210_202_668 },
    peakLiveBytes: 2_372_993_024,
    peak: { phase: 'forward', operation: 'add', module: 'decoder' },
  },
  unseen: [
    {
      what: 'a custom kernel (fused_scatter)',
      why: 'it has no rule for arrays without data, and what it allocates is not in the trace',
      nextStep: 'register one with torch.library.register_fake',
    },
  ],
  assumptions: ['Recorded on fake tensors: a kernel’s own workspace is not in the trace.'],
};

const stepBytes = (peakLiveBytes: number) => ({
  parameterBytes: 227_728,
  forwardEndBytes: peakLiveBytes / 2,
  peakLiveBytes,
  optimizerBytes: 3_657_468,
});
const within = { kind: 'within' } as const;
const rungsOf = (values: readonly number[], baseBytes: number) =>
  values.map((value) => ({
    value,
    predicted: stepBytes(baseBytes * (3 + value)),
    measured: stepBytes(baseBytes * (3 + value)),
    verdict: within,
  }));

export const ladder: Ladder = {
  schema: 'gc-plan/ladder@1',
  tool,
  config: sample.config,
  backend: { name: 'js', version: '4.22.0', device: 'CPU, pure JavaScript' },
  steps: 3,
  series: [
    {
      axis: 'hiddenDim',
      rungs: rungsOf([8, 16, 24, 32], 3_000_000),
      laws: [{ claim: 'memory is linear in the hidden dimension beyond weights', errorPercent: 0.012, holds: true }],
    },
    { axis: 'layers', rungs: rungsOf([1, 2, 4], 12_000_000), laws: [{ claim: 'linear in layers', holds: true }] },
    { axis: 'batchSize', rungs: rungsOf([1, 2, 3], 20_000_000), laws: [] },
  ],
  verdict: within,
  assumptions: [],
};
