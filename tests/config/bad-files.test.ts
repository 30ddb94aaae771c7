import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/options/resolve.js';
import { expectHelpful, refusal } from './refusal.js';

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
