import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TraceRecorder } from '../../src/memory/recorder.js';
import type { Check } from '../../src/reports/check/schema.js';
import { publishedSchemas, schemaId } from '../../src/reports/published-schemas.js';
import { invoke } from '../cli/invoke.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-check-'));
  // No ledger: a plan is judged by the shipped accuracy, the same on every machine.
  vi.stubEnv('XDG_DATA_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const tiny = (name: string, more = '') => `  ${name}:\n    model: tiny\n    vram: 8GB\n${more}`;

function plan(text: string, file = 'gc-plan.yaml'): string {
  const path = join(folder, file);
  writeFileSync(path, text);
  return path;
}

async function checked(path: string, ...flags: readonly string[]) {
  const { exit, stdout } = await invoke(['check', path, '--json', ...flags]);
  return { exit, report: JSON.parse(stdout) as Check };
}

describe('gc-plan check', () => {
  it('is what its published schema says, whatever it finds', async () => {
    const ajv = new Ajv2020({ schemas: Object.values(publishedSchemas()), strict: true });
    const validate = ajv.getSchema(schemaId('gc-plan/check@1'))!;
    const path = plan(`configurations:\n${tiny('only')}${tiny('dear', '    budget: 1MB\n')}`);
    const reports = [await checked(path, '--update-baseline'), await checked(path)].map(({ report }) => report);
    plan(`configurations:\n${tiny('only', '    layers: 9\n')}  big: { model: graphcast, gpu: t4 }\n`);
    for (const report of [...reports, (await checked(path)).report]) {
      expect(validate(report) ? [] : validate.errors).toEqual([]);
    }
  });

  it('passes a clean plan, with the numbers that gc-plan estimate gives', async () => {
    const path = plan(`configurations:\n${tiny('wide', '    hidden-dim: 64\n')}${tiny('deep', '    layers: 6\n')}`);
    const { exit, report } = await checked(path);
    expect([exit, report.passed, report.baseline.kind]).toEqual([0, true, 'missing']);
    for (const { command, memory } of report.entries) {
      const estimate = JSON.parse((await invoke([...command.split(' ').slice(1), '--json'])).stdout);
      expect(memory.peakLiveBytes).toBe(estimate.memory.peakLiveBytes);
      expect(memory.range).toEqual(estimate.memory.range);
      expect(memory.byModule).toEqual(estimate.memory.byModule);
    }
  });

  it('fails a planted regression beyond --max-growth, with its line and the module that grew', async () => {
    const path = plan(`configurations:\n${tiny('first')}${tiny('second')}`);
    expect((await checked(path, '--update-baseline')).report.baseline.kind).toBe('written');
    plan(`configurations:\n${tiny('first')}${tiny('second', '    layers: 9\n')}`);
    const { exit, report } = await checked(path, '--max-growth', '2%');
    expect(exit).toBe(1);
    const [first, second] = report.entries;
    expect(first!.findings).toEqual([]);
    expect(second!.line).toBe(5);
    expect(second!.findings).toMatchObject([{ kind: 'grew', module: 'mesh' }]);
    const { growth, memory } = second!;
    expect(growth!.percent).toBeCloseTo(100 * (memory.peakLiveBytes / growth!.baselineBytes - 1), 9);
    const grown = growth!.modules.map(({ bytes, baselineBytes }) => bytes - baselineBytes);
    expect(grown.reduce((sum, bytes) => sum + bytes, 0)).toBe(memory.peakLiveBytes - growth!.baselineBytes);
    expect((await checked(path, '--max-growth', '1000%')).exit).toBe(0);
  });

  it('takes the growth that the plan allows unless another is typed, and 2 % where nobody says', async () => {
    const before = plan(`configurations:\n${tiny('only')}`);
    await checked(before, '--update-baseline');
    const grown = `configurations:\n${tiny('only', '    layers: 9\n')}`;
    expect((await checked(plan(grown))).report.maxGrowthPercent).toBe(2);
    expect((await checked(plan(`max-growth: 500%\n${grown}`))).exit).toBe(0);
    expect((await checked(plan(`max-growth: 500%\n${grown}`), '--max-growth', '1%')).exit).toBe(1);
  });

  it('fails what does not fit its card, and what is over its budget though it fits', async () => {
    const path = plan(
      `configurations:\n  big:\n    model: graphcast-small\n    runtime: pytorch\n    gpu: t4\n${tiny('dear', '    budget: 1MB\n')}`,
    );
    const { exit, report } = await checked(path);
    expect(exit).toBe(1);
    expect(report.entries.map(({ findings }) => findings[0]?.kind)).toEqual(['exceeds', 'overBudget']);
    const [big] = report.entries;
    const usableBytes = big!.verdict.kind === 'exceeds' ? big!.verdict.usableBytes : 0;
    expect(big!.findings).toEqual([{ kind: 'exceeds', shortfallBytes: big!.memory.range.highBytes - usableBytes }]);
  });

  it('reads JSON and YAML alike, defaults under every entry', async () => {
    const yaml = plan(
      `defaults:\n  vram: 8GB\nconfigurations:\n  a: { model: tiny }\n  b: { model: tiny, batch: 2 }\n`,
    );
    const json = plan(
      JSON.stringify({
        defaults: { vram: '8GB' },
        configurations: { a: { model: 'tiny' }, b: { model: 'tiny', batch: 2 } },
      }),
      'gc-plan.json',
    );
    const [first, second] = [await checked(yaml), await checked(json)];
    const numbers = ({ report }: typeof first) => report.entries.map(({ line: _, ...entry }) => entry);
    expect(numbers(first)).toEqual(numbers(second));
  });

  it('says which configurations the baseline knows and the plan does not', async () => {
    const path = plan(`configurations:\n${tiny('kept')}${tiny('gone')}`);
    await checked(path, '--update-baseline');
    plan(`configurations:\n${tiny('kept')}${tiny('added')}`);
    const { exit, report } = await checked(path);
    expect(exit).toBe(0);
    expect(report.baseline.removed).toEqual(['gone']);
    expect(report.entries[1]!.growth).toBeUndefined();
  });

  it('writes the same baseline for the same plan', async () => {
    const path = plan(`configurations:\n${tiny('only')}`);
    const written = async () => {
      await checked(path, '--update-baseline');
      return readFileSync(join(folder, 'gc-plan.baseline.json'), 'utf8');
    };
    expect(await written()).toBe(await written());
  });

  it.each([
    ['a key twice', 'configurations:\n  a: { model: tiny }\n  a: { model: tiny }\n', 3],
    ['an open bracket', '{ "configurations": {\n  "a": { "model": "tiny"\n', 3],
    ['a misspelt option', 'configurations:\n  a:\n    model: tiny\n    hiden-dim: 64\n', 4],
    ['an impossible value', 'configurations:\n  a:\n    model: tiny\n    layers: -1\n', 2],
    ['a list for a value', 'configurations:\n  a:\n    model: tiny\n    layers: [4, 8]\n', 4],
    ['no configurations', 'models:\n  a: tiny\n', 1],
    ['a budget without its unit', 'configurations:\n  a:\n    budget: 24\n', 3],
    ['nothing', '', 1],
  ])('exits 2 with the line for %s', async (_, text, line) => {
    const path = plan(text);
    const { exit, stdout } = await invoke(['check', path, '--json']);
    const error = JSON.parse(stdout);
    expect([exit, error.schema]).toEqual([2, 'gc-plan/error@1']);
    expect(error.message).toContain(`:${line}: `);
    expect(error.nextSteps.length).toBeGreaterThan(0);
  });

  it('exits 2 with the line for a broken baseline', async () => {
    const path = plan(`configurations:\n${tiny('only')}`);
    plan(
      '{\n  "schema": "gc-plan/baseline@1",\n  "configurations": { "only": { "peakLiveBytes": -1, "byModule": {} } }\n}',
      'gc-plan.baseline.json',
    );
    const { exit, stdout } = await invoke(['check', path, '--json']);
    expect(exit).toBe(2);
    expect(JSON.parse(stdout).message).toContain('gc-plan.baseline.json:3: ');
  });

  it('prices 300 configurations of fifty widths and six depths from six traces', async () => {
    const entries = Array.from(
      { length: 300 },
      (_, i) =>
        `  e${i}: { model: physicsnemo-graphcast, gpu: a100-80gb, hidden-dim: ${64 + 8 * (i % 50)}, layers: ${4 + 2 * Math.floor(i / 50)} }\n`,
    );
    const path = plan(`configurations:\n${entries.join('')}`);
    const finish = vi.spyOn(TraceRecorder.prototype, 'finish');
    const { report } = await checked(path);
    const numTraces = finish.mock.calls.length;
    finish.mockRestore();
    expect(report.entries).toHaveLength(300);
    expect(numTraces).toBe(6);
  });
});
