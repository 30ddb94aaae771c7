import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import { publishedSchemas, schemaId } from '../../src/reports/published-schemas.js';
import { invoke } from '../cli/invoke.js';
import { sample, verdicts } from './sample.js';

const published = publishedSchemas();
const ajv = new Ajv2020({ schemas: Object.values(published), strict: true, allErrors: true });

function violations(document: { readonly schema: string }): unknown {
  const validate = ajv.getSchema(schemaId(document.schema));
  if (validate === undefined) return `${document.schema} is not published`;
  return validate(document) ? [] : validate.errors;
}

/** Wording and order may change under the same number; keys, types and values may not. */
const meaning = (schema: object): string => `${JSON.stringify(withoutWords(schema), null, 2)}\n`;

function withoutWords(part: unknown, key?: string): unknown {
  if (Array.isArray(part)) return key === 'required' ? [...part].sort() : part.map((each) => withoutWords(each));
  if (typeof part !== 'object' || part === null) return part;
  const kept = Object.entries(part).filter(([name, value]) => !(name === 'description' && typeof value === 'string'));
  return Object.fromEntries(
    kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, withoutWords(value, name)]),
  );
}

describe('the published JSON Schemas', () => {
  it.each(Object.keys(published))('%s means what it meant; a change raises the number after @', async (name) => {
    await expect(meaning(published[name]!)).toMatchFileSnapshot(`../data/schemas/${name.replace('gc-plan/', '')}.json`);
  });

  it.each([
    ['profiles', '--json'],
    ['estimate', 'tiny', '--runtime', 'pytorch', '--json'],
    ['estimate', 'tiny', '--runtime', 'tfjs', '--vram', '24GB', '--json'],
    ['estimate', '--runtime', 'pytorch', '--gpu', 'a100-40gb', '--checkpoint', 'encoder', '--json'],
    ['estimate', 'physicsnemo-graphcast', '--gpu', 't4', '--format', 'json'],
    ['profiles', '--nothing', '--json'],
    ['nothing', '--json'],
  ])('describe the real output of gc-plan %s %s %s %s', async (...argv) => {
    expect(violations(JSON.parse((await invoke(argv)).stdout))).toEqual([]);
  });

  it.each(Object.values(verdicts))('describe an estimate with verdict $kind', (verdict) => {
    const estimate: Estimate = { ...sample, verdict };
    expect(violations(estimate)).toEqual([]);
  });

  const withSurprise = { ...sample, surprise: 1 };
  it('refuse a key that they do not describe and a verdict that is half another', () => {
    expect(violations(withSurprise)).not.toEqual([]);
    expect(
      violations({ ...sample, verdict: { kind: 'fits', shortfallBytes: 1 } } as unknown as typeof sample),
    ).not.toEqual([]);
  });
});
