/** Whatever is taken out of a configuration file, it stays the same network on the same grid, or the answer is an error. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Config } from '../../../src/config/types.js';
import { InputError } from '../../../src/errors.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { channels } from './cases.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-removed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cases/anemoi-entry.yaml': channels,
  'cases/physicsnemo-model-arguments.yaml': {},
  'cases/physicsnemo-tuple.yaml': {},
  'cases/deepmind-small-without-task.json': {},
  'configurations/anemoi/values-over-groups/config.yaml': channels,
  'configurations/anemoi/packaged-gnn/config.yaml': channels,
  'configurations/anemoi/composed-older.yaml': channels,
  'configurations/physicsnemo/example.yaml': {},
  'configurations/deepmind/graphcast-operational.json': {},
  'configurations/neural-lam/mapping.yaml': { grid: '91x180', 'mesh-level': '4', ...channels },
};

type Node = Readonly<Record<string, unknown>> | readonly unknown[];
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Places of all keys and items, outer ones too: `model`, `model.processor`, `defaults.2`. */
const places = (node: Node, path: readonly string[] = []): readonly (readonly string[])[] =>
  Object.entries(node).flatMap(([key, value]) => {
    const here = [...path, key];
    return [here, ...(isNode(value) ? places(value, here) : [])];
  });

function without(node: unknown, removed: ReadonlySet<string>, path: readonly string[] = []): unknown {
  if (!isNode(node)) return node;
  const kept = Object.entries(node).filter(([key]) => !removed.has([...path, key].join('\n')));
  const entries = kept.map(([key, value]): [string, unknown] => [key, without(value, removed, [...path, key])]);
  return Array.isArray(node) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

/** What may not become another by leaving something out. */
const identity = ({ model }: Config) => ({ layout: model.layout, processor: model.processor, grid: model.grid });

describe('any subset of the keys removed: the same network on the same grid, or an error', () => {
  it.each(Object.entries(files))('%s', async (name, flags) => {
    const text = readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
    const content: unknown = parse(text);
    const whole = identity(
      await resolveConfig({ flags: { import: fileURLToPath(new URL(name, import.meta.url)), ...flags } }),
    );
    const all = places(content as Node);
    const path = join(folder, `removed${extname(name)}`);
    await fc.assert(
      fc.asyncProperty(fc.subarray([...all], { minLength: 1 }), async (removed) => {
        const rest = without(content, new Set(removed.map((place) => place.join('\n'))));
        writeFileSync(path, name.endsWith('.json') ? JSON.stringify(rest) : stringify(rest));
        try {
          expect(identity(await resolveConfig({ flags: { import: path, ...flags } }))).toEqual(whole);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      { numRuns: 200 },
    );
  });
});
