import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { profileNames } from '../../src/config/profiles.js';
import { InputError } from '../../src/errors.js';
import { sharedOptions } from '../../src/options/definitions/shared.js';
import { resolverFor } from '../../src/options/resolve.js';

describe('whatever is typed', () => {
  const values = fc.oneof(
    fc.string(),
    fc.boolean(),
    fc.constantFrom(
      '0',
      '-1',
      '1e999',
      '0.5',
      '24GB',
      '16',
      '181x360',
      'encoder+rollout',
      'processor:segments=7',
      'bf16',
      'jax',
      'pytorch',
      'tfjs',
      'inference',
      'attention',
      'zero3',
      'l4',
      'none',
      '2',
      '13',
    ),
    fc.constantFrom(...sharedOptions.flatMap(({ value }) => (value.kind === 'choice' ? value.choices : []))),
  );
  const flags = fc.dictionary(fc.constantFrom(...sharedOptions.map(({ name }) => name)), values, { maxKeys: 5 });

  it('a configuration or an InputError comes out, never another error', async () => {
    const resolvers = await Promise.all(profileNames('models').map((model) => resolverFor({ model, flags: {} })));
    fc.assert(
      fc.property(fc.constantFrom(...resolvers), flags, (resolve, typed) => {
        try {
          const { model, recipe } = resolve(typed);
          expect(Object.values(recipe)).not.toContain(undefined);
          expect(Number.isSafeInteger(model.hiddenDim * model.layers)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
