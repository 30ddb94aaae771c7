import { describe, expect, it } from 'vitest';
import { forwardProgram } from '../../../src/models/index.js';
import { allReduceSeconds } from '../../../src/runtimes/xla/all-reduce-time.js';
import { jaxRuntime } from '../../../src/runtimes/xla/index.js';
import { traceJax } from '../../../src/runtimes/xla/step.js';
import { configOf, type JaxRecord } from './records.js';

const step: JaxRecord = {
  target: 'h100',
  grid: [91, 180],
  pressure_levels: 13,
  mesh_size: 4,
  latent_size: 512,
  gnn_msg_steps: 8,
  hidden_layers: 1,
  radius_query_fraction_edge_length: 0.6,
  batch: 1,
  ar_steps: 1,
  bf16: true,
  gradient_checkpointing: true,
  optimizer: 'adamw',
  gemm_mode: 'cublas',
  devices: 8,
  accumulate: 1,
  device_memory_bytes: 400e9,
  num_params: 0,
  argument_bytes: 1,
  output_bytes: 1,
  alias_bytes: 0,
  constant_bytes: 0,
  remat_instructions: null,
  temp_bytes: 1,
  peak_bytes_estimate: 1,
};

/** Numbers in each array that gradients are joined in, in the order in which that happens. */
function joined(record: JaxRecord): readonly number[] {
  const config = configOf(record);
  const program = forwardProgram(config.model, config.recipe, jaxRuntime.segment(config));
  const { operations, bufferOperation, bufferLayout, layouts } = traceJax(program, config);
  const buffers = [...bufferOperation.keys()];
  return buffers
    .filter((buffer) => operations[bufferOperation[buffer]!] === 'join gradients')
    .map((buffer) => layouts[bufferLayout[buffer]!]!.shape[0]!.factor);
}

describe('all-reduces, as compiled by jaxlib 0.10.2', () => {
  it.each([
    [8, 344_047, 68.163],
    [8, 888_415, 58.183],
    [2, 2_651_039, 92.148],
    [8, 3_415_135, 118.291],
    [2, 5_258_335, 126.772],
    [8, 5_496_415, 190.382],
    [4, 6_023_263, 219.384],
    [4, 7_620_096, 198.217],
    [8, 7_622_656, 205.262],
  ])('of %i cards and %i numbers take as long as XLA’s log says', (gpus, numbers, microseconds) => {
    expect(Math.abs((1e6 * allReduceSeconds(numbers, gpus)) / microseconds - 1)).toBeLessThan(2e-4);
  });

  it('join these gradients, and end in this order: first what the last kernel of the global norm has read', () => {
    expect(joined(step)).toEqual([5_496_415, 7_621_120, 7_622_656]);
    const large = { ...step, grid: [181, 360] as const, mesh_size: 5, gnn_msg_steps: 16, devices: 4 };
    expect(joined({ ...large, remat_plan: { mesh_every: 1 } })).toEqual([
      7_096_320, 7_354_368, 7_358_976, 7_620_096, 6_023_263,
    ]);
  });

  it('are one where all fit in 30 MiB', () => {
    expect(joined({ ...step, latent_size: 128 })).toHaveLength(1);
  });
});
