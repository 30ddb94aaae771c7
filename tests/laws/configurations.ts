/** Random command lines for property tests: every shared flag, small meshes, so that thousands can be priced. */

import fc from 'fast-check';
import type { Config, RuntimeName } from '../../src/config/types.js';
import { InputError } from '../../src/errors.js';
import { type ResolveInput, resolveConfig } from '../../src/options/resolve.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const oneOf = (...values: readonly string[]) => fc.constantFrom(...values);
const upTo = (max: number) => fc.integer({ min: 1, max }).map(String);

const checkpoints = fc
  .record({
    encoder: fc.boolean(),
    decoder: fc.boolean(),
    model: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    rollout: fc.boolean(),
    every: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ encoder, decoder, model, rollout, every }) => {
    if (model) return 'model';
    const parts = [
      encoder && 'encoder',
      decoder && 'decoder',
      rollout && 'rollout',
      every > 0 && `processor:every=${every}`,
    ];
    return parts.filter(Boolean).join('+') || 'none';
  });

const flagsFor = (runtime: RuntimeName) =>
  fc.record({
    'hidden-dim': oneOf('16', '24', '64', '128', '512'),
    layers: fc.integer({ min: 3, max: 9 }).map(String),
    'mesh-level': oneOf('1', '2', '3'),
    'mlp-hidden-layers': maybe(upTo(3)),
    grid: oneOf('31x60', '32x64', '16x32'),
    batch: maybe(upTo(3)),
    accumulate: maybe(upTo(3)),
    rollout: maybe(upTo(3)),
    precision: maybe(oneOf(...runtimeTraits[runtime].precision)),
    mode: maybe(oneOf('train', 'inference')),
    optimizer: maybe(oneOf(...runtimeTraits[runtime].optimizer)),
    checkpoint: maybe(checkpoints),
    vram: maybe(oneOf('8GB', '24GB', '1GB')),
    ...(runtime === 'pytorch' && {
      'concat-trick': maybe(oneOf('off', 'eager', 'fused')),
      'recompute-activation': maybe(fc.boolean()),
      allocator: maybe(oneOf('native', 'expandable')),
      offload: maybe(oneOf('none', 'optimizer', 'boundary', 'optimizer+boundary')),
    }),
    ...(runtime === 'tfjs' && {
      tape: maybe(oneOf('plain', 'fused', 'lean')),
      offload: maybe(oneOf('none', 'optimizer', 'boundary', 'optimizer+boundary')),
    }),
    ...(runtime === 'jax' && { 'xla-gemm': maybe(oneOf('auto', 'cublas', 'triton')) }),
  });

export const inputs = (runtime: RuntimeName): fc.Arbitrary<ResolveInput> =>
  fc
    .record({ model: oneOf('graphcast-small', 'physicsnemo-graphcast', 'tiny'), flags: flagsFor(runtime) })
    .map(({ model, flags }) => ({ model, flags: { ...flags, runtime } }));

/** The configuration, or nothing where the combination is refused. */
export async function configured(input: ResolveInput): Promise<Config | undefined> {
  try {
    return await resolveConfig(input);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
