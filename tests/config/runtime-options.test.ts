import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../src/config/checkpoint.js';
import { profileNames } from '../../src/config/profiles.js';
import { InputError } from '../../src/errors.js';
import { findOption } from '../../src/options/option-values.js';
import { resolveConfig } from '../../src/options/resolve.js';

describe('options that a runtime lacks', () => {
  it('a profile’s are dropped and named in the assumptions; typed, the same value is an error', async () => {
    const { recipe, assumptions } = await resolveConfig({ model: 'graphcast-small', flags: { runtime: 'tfjs' } });
    expect(recipe.precision).toBe('fp32');
    expect(assumptions).toEqual([
      expect.stringMatching(/^precision bf16 of graphcast-small is dropped: TensorFlow.js/),
    ]);
    await expect(
      resolveConfig({ model: 'graphcast-small', flags: { runtime: 'tfjs', precision: 'bf16' } }),
    ).rejects.toThrow(InputError);
  });

  it('nothing is said about a profile’s option that a typed one replaces', async () => {
    const { assumptions } = await resolveConfig({
      model: 'graphcast-small',
      flags: { runtime: 'tfjs', precision: 'fp32' },
    });
    expect(assumptions).toEqual([]);
  });

  it.each(
    profileNames('models').flatMap((model) => ['jax', 'pytorch', 'tfjs'].map((runtime) => [model, runtime] as const)),
  )(
    '%s in %s resolves to values of that runtime, or says that the code base runs elsewhere',
    async (model, runtime) => {
      const config = await resolveConfig({ model, flags: { runtime } }).catch((error: InputError) => error);
      if (config instanceof InputError) return expect(config.code).toBe('not-in-runtime');
      if (runtime === 'tfjs')
        expect(config.recipe).toMatchObject({ precision: 'fp32', concatTrick: 'off', recomputeActivation: false });
      if (runtime === 'jax') expect(['fp32', 'bf16']).toContain(config.recipe.precision);
      // What was dropped and said can be typed explicitly: the resolved recipe is one the runtime has.
      const { precision, optimizer, checkpoint } = config.recipe;
      await expect(
        resolveConfig({ model, flags: { runtime, precision, optimizer, checkpoint: formatCheckpoint(checkpoint) } }),
      ).resolves.toMatchObject({ recipe: config.recipe });
    },
  );

  it('the option table and what is refused agree for every recipe option and runtime', async () => {
    const sample = {
      'concat-trick': 'fused',
      'recompute-activation': true,
      allocator: 'native',
      'mem-fraction': '0.5',
      'xla-gemm': 'triton',
      tape: 'lean',
      offload: 'optimizer',
    } as const;
    for (const [name, value] of Object.entries(sample)) {
      for (const runtime of ['jax', 'pytorch', 'tfjs'] as const) {
        const resolving = resolveConfig({ flags: { runtime, [name]: value } });
        if (findOption(name).runtimes.includes(runtime)) await resolving;
        else await expect(resolving).rejects.toMatchObject({ code: 'not-in-runtime' });
      }
    }
  });
});

describe('combinations that nobody runs', () => {
  it.each([
    ['physicsnemo-graphcast', { gpus: '2', parallel: 'graph' }, /partition_size above 1/],
    ['graph-weather', { precision: 'bf16-full' }, /model.to/],
    ['physicsnemo-graphcast', { rollout: '2' }, /73 channels out and 83 in/],
    ['graphcast-small', { runtime: 'pytorch' }, /nobody runs it in PyTorch/],
    ['physicsnemo-swe', { runtime: 'jax' }, /nobody runs it in JAX/],
    ['graphcast-small', { 'radius-fraction': '0.3' }, /without a mesh neighbour/],
    ['neural-lam', { checkpoint: 'encoder' }, /no checkpoint option/],
  ])('%s with %j is allowed and said to be so', async (model, flags, sentence) => {
    const { assumptions } = await resolveConfig({ model, flags });
    expect(assumptions.join('\n')).toMatch(sentence);
  });
});

it('a report with offload says that the host is not counted', async () => {
  const said = async (offload: string) =>
    (await resolveConfig({ model: 'tiny', flags: { runtime: 'tfjs', offload } })).assumptions.join('\n');
  expect(await said('optimizer')).toContain('host’s memory');
  expect(await said('none')).not.toContain('host');
});
