import { describe, expect, it } from 'vitest';
import { rematBlocks } from '../../../src/models/gencast/lines.js';

/** What Transformer.__call__ can name: imports and classes of its file, its arguments, Python's own (graphcast 08cf736 and weathernext 9c034db). */
const inScope = ['hk', 'jax', 'jnp', 'np', 'Block', 'self', 'x', 'global_norm_conditioning', 'range', 'len'];
const keywords = ['for', 'in', 'def', 'return'];

const withoutStrings = (code: string) => code.replaceAll(/'[^']*'/g, "''");
/** Names that are no attribute and no keyword argument. */
const names = (code: string) => [...new Set(code.match(/(?<![\w.])[a-z_]\w*(?![\w]*=)/gi) ?? [])];
const bound = (code: string) => [
  ...[...code.matchAll(/(?:^|\n) *(\w+) = /g)].map(([, name]) => name!),
  ...[...code.matchAll(/for (\w+) in/g)].map(([, name]) => name!),
  ...[...code.matchAll(/def (\w+)\(([^)]*)\)/g)].flatMap(([, name, parameters]) => [
    name!,
    ...parameters!.split(',').map((parameter) => parameter.trim().split('=')[0]!),
  ]),
];

describe('the layers under hk.remat, as lines to paste', () => {
  it.each([1, 3])('%d in a group name nothing that their file does not have', (layers) => {
    const code = withoutStrings(rematBlocks('sparse_transformer.py', layers).text);
    const known = [...inScope, ...keywords, ...bound(code)];
    expect(names(code).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('step through all layers, as many at a time as are recomputed together', () => {
    expect(rematBlocks('sparse_transformer.py', 3).text).toMatch(
      /range\(0, len\(blocks\), 3\)[\s\S]*first:first \+ 3\]/,
    );
  });
});
