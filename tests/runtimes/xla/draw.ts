/** Which training steps were compiled for the second hold-out: drawn by a seed after the rules stood, none left out. */
import fc from 'fast-check';
import type { JaxRecord } from './records.js';

export type DrawnStep = Pick<
  JaxRecord,
  | 'target'
  | 'grid'
  | 'pressure_levels'
  | 'mesh_size'
  | 'latent_size'
  | 'gnn_msg_steps'
  | 'hidden_layers'
  | 'batch'
  | 'ar_steps'
  | 'bf16'
  | 'gemm_mode'
> & { readonly remat_plan: NonNullable<JaxRecord['remat_plan']> | null };

/** Two in `of` are the other value. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>, of: number): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: of - 2 }, { arbitrary: other, weight: 2 });

/** From pole to pole; between half and two thirds as many rows as columns. */
const grid = fc
  .constantFrom(25, 29, 37, 46, 61, 73, 91, 109, 121, 145, 181)
  .chain((rows) => fc.integer({ min: Math.ceil(0.75 * rows), max: rows }).map((half) => [rows, 2 * half] as const));

const plan = fc.oneof(
  fc.constant({ enc: 1 } as const),
  fc.constant({ enc: 1, dec: 1 } as const),
  fc.integer({ min: 1, max: 4 }).map((mesh_every) => ({ mesh_every })),
  fc.integer({ min: 1, max: 4 }).map((mesh_every) => ({ enc: 1, mesh_every }) as const),
);

const step: fc.Arbitrary<DrawnStep> = fc.record({
  target: mostly('h100', fc.constantFrom('a100_40', 'a6000'), 6),
  grid,
  pressure_levels: fc.constantFrom(13, 37),
  mesh_size: fc.integer({ min: 2, max: 5 }),
  latent_size: fc.constantFrom(24, 32, 48, 64, 72, 96, 128, 136, 192, 256, 320, 384, 512),
  gnn_msg_steps: fc.integer({ min: 1, max: 10 }),
  hidden_layers: mostly(1, fc.constant(2), 8),
  batch: fc.constantFrom(1, 1, 2, 3),
  ar_steps: mostly(1, fc.constantFrom(2, 3), 8),
  bf16: mostly(true, fc.constant(false), 6),
  gemm_mode: mostly<JaxRecord['gemm_mode']>('cublas', fc.constant('default-noautotune' as const), 10),
  remat_plan: mostly<DrawnStep['remat_plan']>(null, plan, 8),
});

export const drawnSteps: readonly DrawnStep[] = fc.sample(step, { seed: 20261130, numRuns: 32 });
