/** An option is one record, and one word in the traits of a runtime where not all have it: flag, key, laws and documents follow. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import { choice, integer } from '../../src/config/option-value.js';
import { defaultRecipe, recipeKeys, recipeOptions } from '../../src/config/recipe-options.js';
import { pytorchTraits } from '../../src/runtimes/pytorch/traits.js';

const records = {
  toyCount: { name: 'toy-count', value: integer(1, 9, '1'), default: 1, help: 'Toys on the table.' },
  toyColour: { name: 'toy-colour', value: choice('red', 'green'), default: 'red', help: 'Of PyTorch’s toys.' },
};
// As if they stood in recipe-options.ts and in PyTorch's traits, before anything reads those.
Object.assign(recipeOptions, records);
for (const [key, { default: value }] of Object.entries(records)) {
  (recipeKeys as string[]).push(key);
  Object.assign(defaultRecipe, { [key]: value });
}
(pytorchTraits.options as string[]).push('toyColour');

const { publishedSchemas, schemaId } = await import('../../src/reports/published-schemas.js');
const { invoke } = await import('../cli/invoke.js');

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-added-option-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function answer(...argv: readonly string[]) {
  const { exit, stdout } = await invoke([...argv, '--json']);
  return { exit, report: JSON.parse(stdout) };
}

describe('an option that was added by its record', () => {
  it('is a flag, and a key of the report, which stays what its schema says', async () => {
    const valid = new Ajv2020({ schemas: Object.values(publishedSchemas()), strict: true }).getSchema(
      schemaId('gc-plan/estimate@1'),
    )!;
    for (const [argv, toyCount] of [
      [[], 1],
      [['--toy-count', '7'], 7],
    ] as const) {
      const { exit, report } = await answer('estimate', 'tiny', ...argv);
      expect({ exit, toyCount: report.config.recipe.toyCount }).toEqual({ exit: 0, toyCount });
      expect(valid(report) ? [] : valid.errors).toEqual([]);
    }
  });

  it('is refused beyond its limits, and where a runtime does not name it', async () => {
    const beyond = await answer('estimate', 'tiny', '--toy-count', '10');
    expect({ exit: beyond.exit, code: beyond.report.code }).toEqual({ exit: 2, code: 'out-of-range' });
    const elsewhere = await answer('estimate', 'tiny', '--toy-colour', 'green');
    expect({ exit: elsewhere.exit, code: elsewhere.report.code }).toEqual({ exit: 2, code: 'not-in-runtime' });
    const { report } = await answer('estimate', 'graphcast', '--runtime', 'pytorch', '--toy-colour', 'green');
    expect(report.config.recipe.toyColour).toBe('green');
  });

  it('is a key of a profile’s file, dropped with a sentence by a runtime without it', async () => {
    const model = join(folder, 'toys.json');
    const recipe = { toyCount: 3, toyColour: 'green' };
    writeFileSync(model, JSON.stringify({ name: 'toys', base: 'tiny', recipe }));
    const { report } = await answer('estimate', model);
    expect(report.config.recipe).toMatchObject({ toyCount: 3, toyColour: 'red' });
    expect(report.assumptions.join('\n')).toMatch(
      /toy-colour green of .* is dropped: TensorFlow.js has no such option/,
    );
  });

  it('is a list in a sweep, which tries each of its values', async () => {
    const sizes = ['--vram', '2GB', '--hidden-dim', '32', '--layers', '2', '--batch', '1', '--checkpoint', 'none'];
    const total = async (counts: string) =>
      (await answer('sweep', 'tiny', ...sizes, '--from', '32/2', '--to', '32/2', '--toy-count', counts)).report
        .candidates.total;
    expect(await total('1,2,3')).toBe(3 * (await total('1')));
  });

  it('stands in help, and in what a shell completes', async () => {
    expect((await invoke(['estimate', '--help-all'])).stdout).toMatch(/--toy-count=N\s+.*Toys on the table/s);
    expect((await invoke(['completion', 'bash'])).stdout).toContain('--toy-colour');
  });
});
