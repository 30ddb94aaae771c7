/** The page about out-of-memory tells people to paste lines: each is one that `gc-plan advise` prints for that code base. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyChanges } from '../../src/advise/apply.js';
import { codeLines } from '../../src/advise/code-lines.js';
import { catalogue } from '../../src/advise/index.js';
import { resolveConfig } from '../../src/options/resolve.js';

const page = readFileSync('docs/out-of-memory.md', 'utf8')
  .split('\n## ')
  .find((part) => part.startsWith('2.'))!;
const sections = page.split('\n### ').slice(1);

/** Start of a section's title → a model of that code base. */
const models = {
  'DeepMind GraphCast': { model: 'graphcast-small', flags: { rollout: '4', checkpoint: 'none' } },
  'NVIDIA PhysicsNeMo': { model: 'physicsnemo-graphcast', flags: { checkpoint: 'none' } },
  'ECMWF anemoi': { model: 'anemoi-graphtransformer', flags: { batch: '4' } },
  'neural-lam': { model: 'neural-lam', flags: { batch: '4', precision: 'fp32' } },
  graph_weather: { model: 'graph-weather', flags: { rollout: '4', optimizer: 'adamw' } },
} as const;

/** Without what differs from model to model: numbers, comments, the shell's word for a variable. */
const plain = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) =>
      line
        .replace(/^export /, '')
        .replace(/\s*#.*$/, '')
        .replaceAll(/\d+(\.\d+)?/g, 'N')
        .trim(),
    )
    .filter((line) => line !== '');

async function offered(input: (typeof models)[keyof typeof models]): Promise<readonly string[]> {
  const config = await resolveConfig(input);
  const recomputed = { checkpoint: { rollout: true } };
  return catalogue.flatMap(({ id, changes }) =>
    changes(config).flatMap((change) => {
      // What waits can be sent to the host only where something is recomputed.
      const changed = applyChanges(config, id === 'offload-boundary' ? [recomputed, change] : [change]);
      return changed === undefined ? [] : codeLines(id, changed).flatMap(({ text }) => plain(text));
    }),
  );
}

describe('docs/out-of-memory.md', () => {
  it('has a section for every code base here', () => {
    expect(sections.map((section) => Object.keys(models).find((name) => section.startsWith(name)))).toEqual(
      Object.keys(models),
    );
  });

  it.each(Object.entries(models))(
    'tells users of %s to paste nothing but what advise prints for them',
    async (name, input) => {
      const section = sections.find((text) => text.startsWith(name))!;
      const pasted = [...section.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].flatMap(([, block]) => plain(block!));
      expect(pasted.length).toBeGreaterThan(1);
      const known = await offered(input);
      expect(pasted.filter((line) => !known.includes(line))).toEqual([]);
    },
  );
});
