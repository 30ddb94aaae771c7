import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Programs } from '../../src/advise/programs.js';
import type { Config } from '../../src/config/types.js';
import { programOf } from '../../src/parallel/index.js';
import { configured, inputs } from '../laws/configurations.js';
import { flagsOfAll, maybeOther } from './drawn-steps.js';

const around = { optimizer: 'sgd', accumulate: 3, offload: 'none', allocator: 'expandable', memFraction: 0.5 } as const;

it.each(['pytorch', 'jax', 'tfjs'] as const)(
  '%s: optimizer, micro-steps, a tape and where arrays lie are no part of a program, and anything else asks for one of its own',
  async (runtime) => {
    await fc.assert(
      fc.asyncProperty(inputs(runtime), maybeOther, async (input, other) => {
        const isOther = runtime === 'pytorch' && other !== undefined;
        const config = await configured(isOther ? { model: other, flags: flagsOfAll(input.flags) } : input);
        if (config === undefined) return;
        const programs = new Programs();
        const changed: Config = { ...config, recipe: { ...config.recipe, ...around, tape: 'lean' } };
        expect(programs.of(changed)).toBe(programs.of(config));
        expect(programs.of(changed)).toEqual(programOf(changed));
        const deeper = { ...config, model: { ...config.model, layers: 2 * config.model.layers } };
        expect(programs.of(deeper)).toEqual(programOf(deeper));
      }),
      { numRuns: 25 },
    );
  },
  60_000,
);
