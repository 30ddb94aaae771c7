import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseValues } from '../../src/config/lists.js';
import { findOption } from '../../src/config/option-values.js';
import { sharedOptions } from '../../src/config/options/shared.js';
import { profileNames } from '../../src/config/profiles.js';
import { resolveConfig, resolverFor } from '../../src/config/resolve.js';
import type { Flags } from '../../src/config/typed.js';
import { InputError } from '../../src/errors.js';

async function refusal(attempt: () => unknown): Promise<InputError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** What every refusal owes its reader. */
function expectHelpful(error: InputError, code: string, names: readonly string[]): void {
  expect(error.code).toBe(code);
  expect(error.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  for (const name of names) expect(error.message).toContain(name);
  expect(error.nextSteps.length).toBeGreaterThan(0);
  const text = [error.message, ...error.nextSteps].join('\n');
  expect(text).not.toMatch(/undefined|\[object|Error:|\bat .*:\d+:\d+/);
  expect(error.message.length).toBeLessThan(400);
}

interface BadFlags {
  readonly flags: Flags;
  readonly code: string;
  readonly names: readonly string[];
  readonly model?: string;
}

const bad = (flags: Flags, code: string, names: readonly string[], model?: string): BadFlags => ({
  flags,
  code,
  names,
  ...(model ? { model } : {}),
});

const badFlags: readonly BadFlags[] = [
  // Names
  bad({ gpu: 'a100' }, 'unknown-gpu', ['a100']),
  bad({ gpu: 'RTX4090' }, 'unknown-gpu', ['RTX4090']),
  bad({ gpu: '../models/tiny' }, 'unknown-gpu', ['../models/tiny']),
  bad({ gpu: 'constructor' }, 'unknown-gpu', ['constructor']),
  bad({ gpu: 'x'.repeat(100_000) }, 'unknown-gpu', ['xxx']),
  bad({ gpu: 'l4,t4' }, 'several-gpus', ['l4,t4']),
  bad({}, 'unknown-model', ['graphcats'], 'graphcats'),
  bad({}, 'unknown-model', ['__proto__'], '__proto__'),
  bad({}, 'unknown-model', ['GraphCast'], 'GraphCast'),
  bad({ recipe: 'finetuning' }, 'unknown-recipe', ['finetuning']),
  bad({ 'hiden-dim': '512' }, 'unknown-option', ['--hiden-dim']),
  bad({ hiddenDim: '512' }, 'unknown-option', ['--hiddenDim']),
  // Sizes and devices
  bad({ vram: '24' }, 'size-without-unit', ['--vram 24']),
  bad({ vram: '-1GB' }, 'negative-size', ['--vram -1GB']),
  bad({ vram: '0GB' }, 'size-too-small', ['--vram 0GB']),
  bad({ vram: 'NaNGB' }, 'not-a-size', ['NaNGB']),
  bad({ vram: '24 furlongs' }, 'not-a-size', ['furlongs']),
  bad({ vram: '1e9GB' }, 'not-a-size', ['1e9GB']),
  bad({ vram: '9999999TB' }, 'size-too-large', ['9999999TB']),
  bad({ vram: '' }, 'missing-value', ['--vram']),
  bad({ gpu: 'l4', vram: '24GB' }, 'conflicting-options', ['--gpu', '--vram']),
  bad({ gpu: 't4', reserve: '16GB' }, 'nothing-left', ['--reserve 16GB', 't4']),
  bad({ gpu: 't4', reserve: '-1GB' }, 'negative-size', ['--reserve']),
  bad({ reserve: '2' }, 'size-without-unit', ['--reserve 2']),
  // Numbers
  bad({ layers: '0' }, 'out-of-range', ['--layers 0']),
  bad({ layers: '1.5' }, 'not-a-whole-number', ['--layers 1.5']),
  bad({ layers: 'NaN' }, 'not-a-whole-number', ['--layers NaN']),
  bad({ layers: '1025' }, 'out-of-range', ['1025', '1024']),
  bad({ layers: '-4' }, 'out-of-range', ['--layers -4']),
  bad({ layers: '0x10' }, 'not-a-whole-number', ['0x10']),
  bad({ layers: '١٦' }, 'not-a-whole-number', ['--layers']),
  bad({ layers: ' ' }, 'missing-value', ['--layers']),
  bad({ layers: true }, 'missing-value', ['--layers']),
  bad({ layers: '4,8' }, 'not-a-whole-number', ['--layers 4,8']),
  bad({ 'hidden-dim': '65537' }, 'out-of-range', ['--hidden-dim', '65536']),
  bad({ 'hidden-dim': 'Infinity' }, 'not-a-whole-number', ['--hidden-dim Infinity']),
  bad({ 'hidden-dim': '9'.repeat(400) }, 'out-of-range', ['--hidden-dim']),
  bad({ 'mesh-level': '9' }, 'out-of-range', ['--mesh-level 9', '8']),
  bad({ 'mesh-level': '-1' }, 'out-of-range', ['--mesh-level -1']),
  bad({ batch: '0' }, 'out-of-range', ['--batch 0']),
  bad({ rollout: '1e3' }, 'not-a-whole-number', ['--rollout 1e3']),
  bad({ 'radius-fraction': '0' }, 'out-of-range', ['--radius-fraction 0']),
  bad({ 'radius-fraction': '100' }, 'too-many-edges', ['grid2mesh edges'], 'graphcast'),
  bad({ 'mesh-level': '8' }, 'too-many-edges', ['mesh edges'], 'graph-weather'),
  bad({ 'mem-fraction': '1.5' }, 'out-of-range', ['--mem-fraction 1.5']),
  bad({ 'mem-fraction': '75%' }, 'not-a-number', ['75%']),
  bad({ 'input-channels': '-3' }, 'out-of-range', ['--input-channels -3']),
  // Choices
  bad({ precision: 'fp8' }, 'unknown-choice', ['--precision fp8', 'bf16-full']),
  bad({ runtime: 'torch' }, 'unknown-choice', ['--runtime torch', 'pytorch']),
  bad({ levels: '14' }, 'unknown-choice', ['--levels 14', '37']),
  bad({ optimizer: 'Adam' }, 'unknown-choice', ['--optimizer Adam']),
  bad({ json: 'yes' }, 'unexpected-value', ['--json yes']),
  // Grids
  bad({ grid: '181' }, 'not-a-grid', ['--grid 181']),
  bad({ grid: '181x360x2' }, 'not-a-grid', ['181x360x2']),
  bad({ grid: '-181x360' }, 'not-a-grid', ['-181x360']),
  bad({ grid: '1x3' }, 'grid-too-small', ['1x3']),
  bad({ grid: '10000x10000' }, 'grid-too-large', ['100,000,000']),
  bad({ resolution: '0.01' }, 'grid-too-large', ['--resolution 0.01']),
  bad({ resolution: '0.7' }, 'resolution-does-not-divide', ['--resolution 0.7']),
  bad({ resolution: '0' }, 'out-of-range', ['--resolution 0']),
  bad({ resolution: '1deg' }, 'not-a-number', ['1deg']),
  bad({ resolution: '1', grid: '181x360' }, 'conflicting-options', ['--resolution', '--grid']),
  // Runtime and model without the option
  bad({ runtime: 'tfjs', precision: 'bf16' }, 'not-in-runtime', ['--precision bf16', 'TensorFlow.js', 'fp32']),
  bad({ runtime: 'jax', precision: 'bf16-full' }, 'not-in-runtime', ['--precision bf16-full', 'JAX']),
  bad({ runtime: 'jax', optimizer: 'adamw-fused' }, 'not-in-runtime', ['adamw-fused']),
  bad({ runtime: 'jax', allocator: 'native' }, 'not-in-runtime', ['--allocator']),
  bad({ runtime: 'pytorch', 'xla-gemm': 'triton' }, 'not-in-runtime', ['--xla-gemm']),
  bad({ runtime: 'pytorch', tape: 'lean' }, 'not-in-runtime', ['--tape']),
  bad({ runtime: 'jax', 'recompute-activation': false }, 'not-in-runtime', ['--recompute-activation']),
  bad({ runtime: 'jax', checkpoint: 'processor:segments=2' }, 'not-in-runtime', ['processor:segments']),
  bad({ runtime: 'pytorch', checkpoint: 'encoder+decoder+edges:blocks=8' }, 'not-in-runtime', ['edges:blocks']),
  bad({ runtime: 'tfjs', gpus: '2' }, 'not-in-runtime', ['--gpus 2']),
  bad({ runtime: 'jax', parallel: 'zero2', gpus: '2' }, 'not-in-runtime', ['--parallel zero2']),
  bad({ runtime: 'jax', processor: 'attention', 'attention-backend': 'triton' }, 'not-in-runtime', [
    '--attention-backend',
  ]),
  bad({ runtime: 'jax' }, 'not-in-runtime', ['--runtime jax', 'anemoi-gnn'], 'anemoi-gnn'),
  bad({ levels: '13' }, 'not-in-model', ['--levels', 'physicsnemo-swe'], 'physicsnemo-swe'),
  bad({ levels: '13' }, 'not-in-model', ['--levels', 'tiny'], 'tiny'),
  bad({ 'radius-fraction': '0.6' }, 'not-in-model', ['--radius-fraction'], 'graph-weather'),
  bad({ 'concat-trick': 'eager' }, 'not-in-model', ['--concat-trick'], 'neural-lam'),
  bad({ processor: 'gated' }, 'not-in-model', ['--processor'], 'anemoi-gnn'),
  bad({ heads: '4' }, 'not-in-processor', ['--heads']),
  bad({ 'mlp-ratio': '2' }, 'not-in-processor', ['--mlp-ratio']),
  // Numbers that don't go together
  bad({ processor: 'attention', heads: '7' }, 'heads-do-not-divide', ['512', '7']),
  bad({ layers: '2' }, 'too-few-layers', ['--layers 2'], 'physicsnemo-swe'),
  bad({ checkpoint: 'processor:segments=5' }, 'segments-do-not-divide', ['segments=5', '28'], 'physicsnemo-graphcast'),
  bad({ runtime: 'pytorch', layers: '2', checkpoint: 'processor:segments=1' }, 'too-few-layers', ['segments=1']),
  bad({ checkpoint: 'processor:every=17' }, 'segment-too-long', ['every=17', '16']),
  bad({ checkpoint: 'processor:every=3' }, 'segments-do-not-divide', ['every=3', '16'], 'anemoi-gnn'),
  bad({ checkpoint: 'encoder+edges:blocks=8' }, 'edges-need-encoder-and-decoder', ['edges:blocks']),
  bad({ gpus: '4', parallel: 'none' }, 'conflicting-options', ['--gpus 4', '--parallel none']),
  bad({ runtime: 'pytorch', 'pipeline-schedule': 'gpipe' }, 'conflicting-options', ['--pipeline-schedule gpipe']),
  bad({ 'pipeline-schedule': 'gpipe' }, 'not-in-runtime', ['--pipeline-schedule']),
  bad({ runtime: 'pytorch', gpus: '40', parallel: 'pipeline' }, 'not-priced', ['layers']),
  bad({ mode: 'inference', optimizer: 'adam' }, 'conflicting-options', ['--optimizer', '--mode inference']),
  bad({ mode: 'inference', checkpoint: 'encoder' }, 'conflicting-options', ['--checkpoint']),
  bad({ runtime: 'tfjs', mode: 'inference', offload: 'optimizer' }, 'conflicting-options', ['--offload']),
  bad({ runtime: 'jax', offload: 'optimizer' }, 'not-in-runtime', ['offload']),
  bad({ runtime: 'pytorch', offload: 'boundary' }, 'offload-needs-checkpoint', ['boundary', 'none']),
  bad({ runtime: 'pytorch', offload: 'optimizer', gpus: '4', parallel: 'data' }, 'not-priced', ['optimizer', 'data']),
  bad({ runtime: 'pytorch', offload: 'optimizer', precision: 'fp16' }, 'not-priced', ['optimizer', 'fp16']),
  bad({ runtime: 'pytorch', optimizer: 'adamw-8bit', gpus: '4', parallel: 'zero2' }, 'not-priced', ['8bit', 'zero2']),
  bad({ runtime: 'pytorch', optimizer: 'adafactor', gpus: '4', parallel: 'tensor' }, 'not-priced', [
    'adafactor',
    'tensor',
  ]),
  bad({ runtime: 'jax', optimizer: 'adamw-8bit' }, 'not-in-runtime', ['adamw-8bit']),
  bad({ runtime: 'tfjs', offload: 'optimizer+boundary', checkpoint: 'rollout' }, 'offload-needs-checkpoint', [
    'rollout',
  ]),
  // Checkpoint plans
  bad({ checkpoint: 'encodr' }, 'unknown-checkpoint-part', ['encodr']),
  bad({ checkpoint: 'encoder++decoder' }, 'unknown-checkpoint-part', ['empty part']),
  bad({ checkpoint: 'encoder,decoder' }, 'unknown-checkpoint-part', ['encoder,decoder']),
  bad({ checkpoint: 'encoder+none' }, 'overlapping-checkpoint', ['none']),
  bad({ checkpoint: 'model+encoder' }, 'overlapping-checkpoint', ['model', 'encoder']),
  bad({ checkpoint: 'encoder+encoder' }, 'overlapping-checkpoint', ['encoder and encoder']),
  bad({ checkpoint: 'processor:every=2+processor:every=4' }, 'overlapping-checkpoint', ['every=2', 'every=4']),
  bad({ checkpoint: 'processor:every=0' }, 'out-of-range', ['processor:every=']),
  bad({ checkpoint: 'processor:every=x' }, 'not-a-whole-number', ['processor:every=']),
  bad({ checkpoint: 'processor:every=2:loop' }, 'unknown-checkpoint-part', [':loop']),
];

const resolveBad = ({ flags, model }: BadFlags) => resolveConfig({ flags, ...(model === undefined ? {} : { model }) });

/** The flags after doing what a next step says; undefined where it names no one flag. Of two flags in conflict it keeps its own. */
function followed({ flags, code }: BadFlags, step: string): Flags | undefined {
  const left = /^Leave --([a-z-]+) out\.$/.exec(step)?.[1];
  if (left) return { ...flags, [left]: undefined };
  const [, name, value = true] = /^--([a-z-]+)(?: (\S+))?$/.exec(step) ?? [];
  if (!name) return undefined;
  return code === 'conflicting-options' ? { [name]: value } : { ...flags, [name]: value };
}

describe('bad flags', () => {
  it(`are ${badFlags.length} kinds, more than the 60 that were asked for`, () =>
    expect(badFlags.length).toBeGreaterThan(60));

  it.each(badFlags.map((entry) => [JSON.stringify(entry.flags).slice(0, 90), entry] as const))(
    '%s is refused by name, with what to type next',
    async (_title, entry) => {
      expectHelpful(await refusal(() => resolveBad(entry)), entry.code, entry.names);
    },
  );

  it.each(badFlags.map((entry) => [JSON.stringify(entry.flags).slice(0, 90), entry] as const))(
    '%s: something that it says to type works',
    async (_title, entry) => {
      const { nextSteps } = await refusal(() => resolveBad(entry));
      const ways = nextSteps.map((step) => followed(entry, step)).filter((flags) => flags !== undefined);
      // A flag that does not exist can't be replaced by following: the reader drops it.
      if (ways.length === 0 || entry.code === 'unknown-option') return;
      const outcomes = await Promise.allSettled(ways.map((flags) => resolveBad({ ...entry, flags })));
      expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    },
  );

  it('names the nearest known ones', async () => {
    const steps = async (flags: Flags, model?: string) =>
      (await refusal(() => resolveConfig({ flags, ...(model ? { model } : {}) }))).nextSteps.join(' ');
    expect(await steps({ gpu: 'a100' })).toMatch(/a100-40gb.*a100-80gb/);
    expect(await steps({ gpu: 'rtx4090' })).toContain('rtx-4090');
    expect(await steps({ gpu: 'h100' })).toContain('h100-80gb');
    expect(await steps({}, 'graphcats')).toContain('graphcast');
    expect(await steps({ 'hiden-dim': '1' })).toContain('--hidden-dim');
    expect(await steps({ checkpoint: 'encodr' })).toContain('encoder');
    expect(await steps({ vram: '24' })).toContain('--vram 24GB');
  });
});

const folder = mkdtempSync(join(tmpdir(), 'bad-'));
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const json = (content: unknown): string => JSON.stringify({ base: 'graphcast-small', ...(content as object) });

const badFiles: readonly (readonly [title: string, path: () => string, code: string, names: readonly string[]])[] = [
  ['missing', () => join(folder, 'none.json'), 'unreadable-file', ['none.json', 'no such file']],
  ['a folder', () => `${folder}/`, 'unreadable-file', ['folder']],
  ['under a file', () => join(file('plain', 'x'), 'y.json'), 'unreadable-file', ['plain']],
  ['a NUL in the path', () => `${folder}/a\0.json`, 'unreadable-file', ['NUL']],
  ['a path too long', () => `/${'a'.repeat(5_000)}.json`, 'unreadable-file', ['too long']],
  ['empty', () => file('empty.json', ''), 'not-json', ['empty.json', 'is empty']],
  [
    'truncated',
    () => file('truncated.json', '{"base": "graphcast-small", "model": {"layers"'),
    'not-json',
    ['truncated.json'],
  ],
  ['binary', () => file('binary.json', Buffer.from([0, 255, 1, 254])), 'not-json', ['binary.json']],
  ['huge', () => file('huge.json', `{"a":"${'x'.repeat(1 << 20)}"}`), 'file-too-large', ['huge.json', '1 MiB']],
  [
    'nested deep',
    () => file('deep.json', `${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    'nested-too-deep',
    ['deep.json'],
  ],
  [
    'a repeated key',
    () => file('twice.json', '{"base":"tiny","model":{"layers":3,"layers":4}}'),
    'repeated-key',
    ['layers', 'twice'],
  ],
  [
    'an escaped repeated key',
    () => file('escaped.json', '{"base":"tiny","model":{"layers":3,"\\u006cayers":4}}'),
    'repeated-key',
    ['layers'],
  ],
  ['__proto__', () => file('proto.json', '{"base":"tiny","__proto__":{"layers":4}}'), 'unknown-key', ['__proto__']],
  [
    'an escaped __proto__',
    () => file('proto2.json', '{"base":"tiny","model":{"\\u005f_proto__":{"layers":4}}}'),
    'unknown-key',
    ['__proto__'],
  ],
  [
    'constructor',
    () => file('constructor.json', json({ model: { constructor: 1 } })),
    'unknown-key',
    ['model.constructor'],
  ],
  ['an array', () => file('array.json', '[]'), 'invalid-profile', ['array.json']],
  ['null', () => file('null.json', 'null'), 'invalid-profile', ['null.json']],
  ['a number', () => file('number.json', '42'), 'invalid-profile', ['number.json']],
  ['no base', () => file('baseless.json', '{"model":{"layers":4}}'), 'missing-base', ['base']],
  ['an unknown base', () => file('base.json', '{"base":"graphcats"}'), 'unknown-model', ['graphcats']],
  [
    'an unknown key',
    () => file('key.json', json({ model: { hidenDim: 4 } })),
    'unknown-key',
    ['key.json', 'model.hidenDim'],
  ],
  ['an unknown key at the top', () => file('top.json', json({ modle: {} })), 'unknown-key', ['modle']],
  [
    'an unknown key of a grid',
    () => file('gridkey.json', json({ model: { grid: { latitude: 3 } } })),
    'unknown-key',
    ['model.grid.latitude'],
  ],
  [
    'a string for a number',
    () => file('string.json', json({ model: { layers: '16' } })),
    'invalid-profile',
    ['model.layers'],
  ],
  ['a half layer', () => file('half.json', json({ model: { layers: 1.5 } })), 'invalid-profile', ['model.layers']],
  [
    'layers out of range',
    () => file('range.json', json({ model: { layers: 1e300 } })),
    'invalid-profile',
    ['model.layers'],
  ],
  [
    'an unknown precision',
    () => file('precision.json', json({ recipe: { precision: 'fp8' } })),
    'invalid-profile',
    ['recipe.precision'],
  ],
  [
    'a bad plan',
    () => file('plan.json', json({ recipe: { checkpoint: 'encodr' } })),
    'unknown-checkpoint-part',
    ['plan.json', 'recipe.checkpoint', 'encodr'],
  ],
  [
    'a grid too large',
    () => file('large.json', json({ model: { grid: { latitudes: 9_000, longitudes: 9_000, kind: 'poles' } } })),
    'grid-too-large',
    ['large.json', 'model.grid'],
  ],
  [
    'two grids',
    () =>
      file('two.json', json({ model: { resolutionDeg: 1, grid: { latitudes: 181, longitudes: 360, kind: 'poles' } } })),
    'conflicting-options',
    ['two.json'],
  ],
  [
    'a processor its layout lacks',
    () => file('processor.json', JSON.stringify({ base: 'anemoi-gnn', model: { processor: 'gated' } })),
    'not-in-model',
    ['model.processor'],
  ],
  [
    'a link to itself',
    () => {
      symlinkSync('loop.json', join(folder, 'loop.json'));
      return join(folder, 'loop.json');
    },
    'unreadable-file',
    ['loop.json'],
  ],
  [
    'a pipe that nobody writes to',
    () => {
      execFileSync('mkfifo', [join(folder, 'pipe.json')]);
      return join(folder, 'pipe.json');
    },
    'unreadable-file',
    ['regular file'],
  ],
];

describe('bad profile files', () => {
  it.each(badFiles)('%s', async (_title, path, code, names) => {
    expectHelpful(await refusal(() => resolveConfig({ model: path(), flags: {} })), code, names);
  });

  it('one that may not be read says so', async () => {
    const path = file('secret.json', '{}');
    chmodSync(path, 0);
    // Root reads everything: then the file is refused for what it holds.
    const code = process.getuid?.() === 0 ? 'missing-base' : 'unreadable-file';
    expectHelpful(await refusal(() => resolveConfig({ model: path, flags: {} })), code, ['secret.json']);
  });

  it('a folder named like a profile is no profile', async () => {
    mkdirSync(join(folder, 'folder.json'));
    expectHelpful(
      await refusal(() => resolveConfig({ model: join(folder, 'folder.json'), flags: {} })),
      'unreadable-file',
      ['folder.json'],
    );
  });

  it('the nearest key is named', async () => {
    const { nextSteps } = await refusal(() =>
      resolveConfig({ model: file('near.json', json({ recipe: { batchsize: 2 } })), flags: {} }),
    );
    expect(nextSteps.join(' ')).toContain('batchSize');
  });
});

describe('bad lists and ranges', () => {
  it.each([
    '',
    '4,',
    ',4',
    '4..',
    '..4',
    '8..4',
    '4..8:0',
    '4..8:x1',
    '4..8:x0',
    '4..8:-1',
    '4..8:4:4',
    '1.5..3',
    '0..4',
    '1..2000',
    '4..x8',
    '1..1024:0.0001',
    'a..b',
  ])('%j', async (list) => {
    const error = await refusal(() => parseValues(findOption('layers'), list));
    expect(error.message).toContain('--layers');
    expect(error.nextSteps.length).toBeGreaterThan(0);
  });

  it('more values than a search could want are refused before they are made', async () => {
    expectHelpful(
      await refusal(() => parseValues(findOption('radius-fraction'), '0.00001..100:0.00001')),
      'invalid-range',
      ['100,000'],
    );
  });
});

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
