import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  advise,
  adviseTrace,
  capture,
  cardsTrace,
  check,
  compareTraces,
  estimate,
  estimateTrace,
  explain,
  explainTrace,
  InputError,
  init,
  solve,
  sweep,
  verify,
} from '../../src/index.js';
import { sharedOptions } from '../../src/options/definitions/shared.js';
import { ordered } from '../laws/ordered.js';

const library = {
  advise,
  adviseTrace,
  capture,
  cardsTrace,
  check,
  compareTraces,
  estimate,
  estimateTrace,
  explain,
  explainTrace,
  init,
  solve,
  sweep,
  verify,
};

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-library-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Use = (...input: never[]) => Promise<unknown>;
const failure = async (use: Use, ...input: readonly unknown[]): Promise<unknown> => {
  try {
    return await use(...(input as never[]));
  } catch (error) {
    return error;
  }
};

const cyclic: Record<string, unknown> = { model: 'tiny' };
cyclic.flags = cyclic;
const throwing = Object.defineProperty({}, 'model', {
  enumerable: true,
  get: () => {
    throw new TypeError('a getter of the caller');
  },
});

/** Fresh objects where a use could change them. */
const hostile = [
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  1e300,
  2n,
  '',
  ' ',
  '\u0000',
  '__proto__',
  'toString',
  '💥'.repeat(1_000),
  true,
  Symbol('model'),
  [],
  ['tiny'],
  {},
  cyclic,
  throwing,
  new Map([['model', 'tiny']]),
  new Date(0),
  new Proxy({}, {}),
  Object.create(null),
  Object.create({ model: 'tiny' }),
  JSON.parse('{"__proto__": {"model": "tiny"}}'),
  { constructor: 'tiny' },
  { [Symbol('model')]: 'tiny' },
  () => 'tiny',
  class {},
  /tiny/,
  new Error('tiny'),
  new Uint8Array(2),
  Promise.resolve('tiny'),
] as const;

describe('the library', () => {
  it('takes numbers and booleans as such, and answers as for the same words of a command line', async () => {
    const asNumbers = await library.estimate({
      model: 'graphcast-small',
      flags: { batch: 2, levels: 13, 'mem-fraction': 0.5, 'allow-tight': true, gpu: 'l4' },
    });
    const asWords = await library.estimate({
      model: 'graphcast-small',
      flags: { batch: '2', levels: '13', 'mem-fraction': '0.5', 'allow-tight': true, gpu: 'l4' },
    });
    expect(asNumbers).toEqual(asWords);
    expect(asNumbers.config.recipe.batchSize).toBe(2);
    const small = await library.estimate({ model: 'graphcast-small', flags: { 'mem-fraction': 2.5e-7, gpu: 'l4' } });
    expect(small.config.recipe.memFraction).toBe(2.5e-7);
  });

  it('needs no flags where a model is named, and asks for one where nothing is said', async () => {
    const { config } = await library.estimate({ model: 'tiny' });
    expect(config.model.name).toBe('tiny');
    for (const use of [library.estimate, library.advise, library.explain, library.sweep])
      expect(await failure(use, {})).toMatchObject({ name: 'InputError', code: 'missing-model' });
  });

  it.each([
    [{ modle: 'tiny' }, 'unknown-field', 'modle'],
    [{ model: 3 }, 'invalid-input', 'number 3'],
    [{ model: ['tiny'] }, 'invalid-input', 'an array'],
    [{ model: null }, 'invalid-input', 'null'],
    [undefined, 'invalid-input', 'undefined'],
    [{ model: 'tiny', flags: [['batch', 2]] }, 'invalid-input', 'flags'],
    [{ model: 'tiny', flags: { batch: null } }, 'invalid-input', '--batch'],
    [{ model: 'tiny', flags: { batch: [1, 2] } }, 'invalid-input', '--batch'],
    [{ model: 'tiny', flags: { batch: 1.5 } }, 'not-a-whole-number', '--batch 1.5'],
    [{ model: 'tiny', flags: { batch: 1e21 } }, 'out-of-range', '--batch 1000000000000000000000'],
    [{ model: 'tiny', flags: { batch: Number.NaN } }, 'not-a-whole-number', '--batch NaN'],
    [{ model: 'tiny', flags: { bach: 2 } }, 'unknown-option', '--bach'],
    [{ model: 'tiny', flags: { vram: 24 } }, 'size-without-unit', '--vram 24'],
    [{ model: 'tiny', flags: { 'allow-tight': 1 } }, 'unexpected-value', '--allow-tight'],
  ])('says what is wrong with %o', async (input, code, names) => {
    const error = await failure(library.estimate, input);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code });
    expect((error as InputError).message).toContain(names);
  });

  it('reads nothing of an object that can’t be read', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const use of [library.estimate, library.check, library.init, library.verify])
      expect(await failure(use, proxy)).toMatchObject({ name: 'InputError', code: 'invalid-input' });
  });

  it('refuses a list that is cut short by a negative number, and threads that are none', async () => {
    expect(await failure(library.explain, { model: 'tiny', top: -1 })).toMatchObject({ code: 'invalid-input' });
    expect(await failure(library.sweep, { model: 'tiny', numWorkers: 0 })).toMatchObject({ code: 'invalid-input' });
  });
});

const numRuns = Number(process.env.GC_PLAN_LIBRARY_RUNS ?? 300);

describe('any use of the library', () => {
  const anything = fc.oneof(fc.constantFrom(...hostile), fc.anything());
  const reasonable = (option: (typeof sharedOptions)[number]) =>
    option.value.kind === 'choice'
      ? fc.constantFrom(...option.value.choices)
      : option.value.kind === 'switch'
        ? fc.boolean()
        : fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom('24GB', 'l4', '2'));
  const flag = fc
    .constantFrom(...sharedOptions.filter(({ name }) => !['output', 'import'].includes(name)))
    .chain((option) =>
      fc.tuple(
        fc.constant(option.name),
        fc.oneof({ weight: 6, arbitrary: reasonable(option) }, { weight: 1, arbitrary: anything }),
      ),
    );
  const flags = fc.oneof(
    { weight: 12, arbitrary: fc.array(flag, { maxLength: 4 }).map((entries) => Object.fromEntries(entries)) },
    { weight: 1, arbitrary: anything },
  );
  const model = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('tiny', undefined, 'physicsnemo-swe') },
    { weight: 1, arbitrary: anything },
  );
  const rarely = <Value>(value: fc.Arbitrary<Value>) => fc.oneof({ weight: 9, arbitrary: value }, anything);
  const configuration = { model, flags };
  const some = (fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.oneof({ weight: 12, arbitrary: fc.record(fields, { requiredKeys: [] }) }, { weight: 1, arbitrary: anything });
  const file = fc.constant(join(folder, 'file'));
  const call = fc.oneof(
    { weight: 8, arbitrary: some(configuration).map((input) => ['estimate', input] as const) },
    {
      weight: 2,
      arbitrary: some({ ...configuration, by: rarely(fc.constantFrom('category', 'module')), top: anything }).map(
        (input) => ['explain', input] as const,
      ),
    },
    {
      weight: 1,
      arbitrary: some({ ...configuration, for: rarely(fc.constantFrom('batch', 'layers', 'gpus')) }).map(
        (input) => ['solve', input] as const,
      ),
    },
    {
      weight: 1,
      arbitrary: some({
        model: fc.constant('tiny'),
        flags: fc.constantFrom({ vram: '24GB', batch: '1..3', layers: 2 }, { vram: '1GB', batch: 'x' }),
        order: rarely(fc.constantFrom('size', 'memory')),
        limits: anything,
        top: anything,
        signal: anything,
        onProgress: anything,
        numWorkers: fc.constant(1),
      }).map((input) => ['sweep', input] as const),
    },
    {
      weight: 1,
      arbitrary: some({ planFile: fc.oneof(file, anything), maxGrowth: anything }).map(
        (input) => ['check', input] as const,
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({ gpu: rarely(fc.constantFrom('l4', 'nothing')), file, force: anything })
        .map((input) => ['init', input] as const),
    },
    { weight: 1, arbitrary: anything.map((input) => ['verify', { model: input, flags: { steps: 0 } }] as const) },
  );

  it(`gives values in order, or an InputError (${numRuns} of them)`, { timeout: 1_200_000 }, async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(call, async ([name, input]) => {
        const result = await failure(library[name], input);
        if (result instanceof Error) expect(result, `${name}: ${(result as Error).stack}`).toBeInstanceOf(InputError);
        else {
          answered++;
          ordered(result);
        }
      }),
      { numRuns, endOnFailure: true },
    );
    expect(answered / numRuns).toBeGreaterThan(0.1);
  });
});
