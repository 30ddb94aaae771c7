/** Checkpoints of the code bases' own classes grow and go on computing the same. `npm run torch:install` and `code-bases:install` first. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { growthPlan } from '../../../src/models/growing/plan.js';
import type { Size, StoredArray } from '../../../src/models/growing/types.js';
import { checkpointLayouts } from '../../../src/models/index.js';
import { randomNumbers } from '../../../src/verify/arrays.js';

const cached = ['code-bases', 'torch'].map((name) =>
  fileURLToPath(new URL(`../../../.cache/${name}`, import.meta.url)),
);
/** A Python that has torch and all the code bases of scripts/run-options.py; else the two that CI installs. */
const own = process.env.GC_PLAN_CODE_BASES_PYTHON;
const python = own ?? (cached.every((folder) => existsSync(folder)) ? 'python3' : undefined);
const env = own === undefined ? { ...process.env, PYTHONPATH: cached.join(delimiter) } : process.env;
const script = fileURLToPath(new URL('real_classes.py', import.meta.url));
const seed = Number(process.env.SEED ?? 20261129);

interface Case {
  readonly model: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly from: Size;
  readonly to: Size;
}

function ask<Answer>(command: string, cases: readonly object[]): readonly Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-grow-'));
  try {
    const file = join(folder, 'cases.json');
    writeFileSync(file, JSON.stringify(cases));
    return JSON.parse(execFileSync(python!, [script, command, file], { env, encoding: 'utf8', maxBuffer: 2 ** 28 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const kinds = [
  { model: 'physicsnemo-graphcast', least: 3, flags: [{}, { 'concat-trick': 'eager' }] },
  { model: 'anemoi-gnn', least: 1, flags: [{}] },
  { model: 'anemoi-graphtransformer', least: 1, flags: [{ heads: '4' }, { heads: '2' }], multiplesOnly: true },
  { model: 'neural-lam', least: 1, flags: [{}] },
] as const;
const installed = kinds.filter(({ model }) => own !== undefined || model !== 'neural-lam');

function draw(): readonly Case[] {
  const random = randomNumbers(seed);
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
  // Every kind four times in CI, where two cores share everything.
  return Array.from({ length: 30 }, (_, index): Case => {
    const kind = installed[index % installed.length]!;
    const hidden = kind.model === 'anemoi-graphtransformer' ? {} : { 'mlp-hidden-layers': String(pick([1, 2, 3])) };
    const layers = kind.least + pick([1, 2, 3]);
    const factor = pick('multiplesOnly' in kind ? [1, 2, 3] : [1, 1.5, 2]);
    const deeper = pick(factor === 1 ? [1, 2, 4] : [0, 1, 4]);
    return {
      model: kind.model,
      flags: { ...pick<Readonly<Record<string, string>>>(kind.flags), ...hidden },
      seed: seed + index,
      from: { hiddenDim: 16, layers },
      to: { hiddenDim: 16 * factor, layers: layers + deeper },
    };
  });
}

describe.runIf(python)(`checkpoints of real classes (seed ${seed})`, () => {
  it('compute the same after they have grown, and their gradients are the old ones carried over', {
    timeout: 1_200_000,
  }, async () => {
    const cases = draw();
    const layouts = await checkpointLayouts();
    const arrays = ask<readonly StoredArray[]>('arrays', cases);
    const planned = cases.map((each, index) => {
      const heads = Number(each.flags.heads ?? 16);
      const { arrays: grown } = growthPlan(layouts, arrays[index]!, { ...each.to, heads });
      return { ...each, plan: { arrays: grown, asymmetry: 0.1, seed: 1 } };
    });
    const found = ask<{ output: number; gradient: number; learning: number; spread: number }>('compare', planned);
    for (const [index, { output, gradient, spread }] of found.entries()) {
      const { model, flags, from, to } = cases[index]!;
      const what = JSON.stringify({ model, flags, from, to });
      expect(spread, what).toBeGreaterThan(0.01);
      expect(output, what).toBeLessThan(1e-5);
      expect(gradient, what).toBeLessThan(1e-5);
    }
  });
});
