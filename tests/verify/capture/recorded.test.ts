/** A recorded step in place of a model: what estimate, explain and check make of it. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moduleGroups } from '../../../src/memory/module-groups.js';
import { publishedSchemas, schemaId } from '../../../src/reports/published-schemas.js';
import { invoke } from '../../cli/invoke.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-recorded-'));
const trace = join(folder, 'plain.trace.gz');
beforeAll(() => copyFileSync(fileURLToPath(new URL('../../data/traces/plain.trace.gz', import.meta.url)), trace));
afterAll(() => rmSync(folder, { recursive: true }));

const json = async (...argv: readonly string[]) => {
  const { exit, stdout } = await invoke([...argv, '--json']);
  return { exit, report: JSON.parse(stdout) };
};
const ajv = new Ajv2020({ schemas: Object.values(publishedSchemas()), strict: true, allErrors: true });
const violations = (document: { readonly schema: string }) => {
  const validate = ajv.getSchema(schemaId(document.schema))!;
  return validate(document) ? [] : validate.errors;
};
const sum = (parts: readonly number[]) => parts.reduce((total, part) => total + part, 0);

describe('estimate --trace', () => {
  it('says what fits, in an order of bytes that holds for every process', async () => {
    const { exit, report } = await json('estimate', '--trace', trace, '--gpu', 'rtx-4090');
    expect(exit).toBe(0);
    expect(violations(report)).toEqual([]);
    const { memory, verdict } = report;
    const { peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes, range, byModule, ...rest } = memory;
    expect([peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes, range.highBytes]).toEqual(
      [peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes, range.highBytes].sort((a, b) => a - b),
    );
    const { parameterBytes, gradientBytes, optimizerBytes, activationBytes, temporaryBytes, inputBytes } = rest;
    expect(sum([parameterBytes, gradientBytes, optimizerBytes, activationBytes, temporaryBytes, inputBytes])).toBe(
      peakLiveBytes,
    );
    expect(sum(byModule.map(({ bytes }: { bytes: number }) => bytes))).toBe(peakLiveBytes);
    expect(verdict.kind).toBe('fits');
  });

  it('answers no with 1 on a card that is too small, and looks for the least pool where that decides', async () => {
    const small = await json('estimate', '--trace', trace, '--vram', '2GB');
    expect(small).toMatchObject({ exit: 1, report: { verdict: { kind: 'exceeds' } } });
    const near = await json('estimate', '--trace', trace, '--vram', '2.95GB');
    const { minCapacityBytes, peakLiveBytes, peakReservedBytes } = near.report.memory;
    expect(minCapacityBytes).toBeGreaterThanOrEqual(peakLiveBytes);
    expect(minCapacityBytes).toBeLessThanOrEqual(peakReservedBytes);
    expect(violations(near.report)).toEqual([]);
  });

  it.each([
    [['--hidden-dim', '64'], 'fixed-by-trace'],
    [['tiny'], 'conflicting-options'],
    [['--gpu', 'a100-40gb', '--vram', '24GB'], 'conflicting-options'],
    [['--allocator', 'none'], 'unknown-choice'],
  ])('refuses %s: the step is as it was recorded', async (more, code) => {
    expect(await json('estimate', '--trace', trace, ...more)).toMatchObject({ exit: 2, report: { code } });
  });

  it('refuses a file that is none, a folder and a missing one', async () => {
    const text = join(folder, 'text.gz');
    writeFileSync(text, 'no trace');
    expect(await json('estimate', '--trace', text)).toMatchObject({ exit: 2, report: { code: 'no-trace' } });
    for (const file of [folder, join(folder, 'none.gz')])
      expect(await json('estimate', '--trace', file)).toMatchObject({ exit: 2, report: { code: 'unreadable-file' } });
  });

  it('is written as a table, a page and a comment', async () => {
    for (const format of ['table', 'html', 'github']) {
      const { exit, stdout } = await invoke(['estimate', '--trace', trace, '--gpu', 'rtx-4090', '--format', format]);
      expect(exit).toBe(0);
      expect(stdout).toContain('steps.py:plain');
    }
  });
});

describe('explain --trace', () => {
  it('lists the arrays at the peak with the path of the module that made them', async () => {
    const { report } = await json('explain', '--trace', trace, '--top', '3');
    expect(violations(report)).toEqual([]);
    const { largest, operations, peak, modules } = report;
    expect(peak.liveBytes).toBe(Math.max(...operations.map(({ liveBytes }: { liveBytes: number }) => liveBytes)));
    expect(modules.length).toBeLessThanOrEqual(12);
    // 12,420 edges of the decoder, three times 1,024 wide: the input of its edge network.
    expect(largest[0]).toMatchObject({
      ...{ module: 'decoder.edge_mlp', shape: '[12420, 3072]', bytes: 12_420 * 3072 * 4, dtype: 'float32' },
      ...{ category: 'activation', madeBy: 'decoder.edge_mlp: cat' },
    });
  });

  it('writes the step for the viewers of PyTorch and Perfetto', async () => {
    const files = ['snapshot', 'perfetto'].map((name) => join(folder, name));
    const { exit } = await invoke(['explain', '--trace', trace, '--snapshot', files[0]!, '--perfetto', files[1]!]);
    expect(exit).toBe(0);
    for (const format of ['html', 'svg'])
      expect((await invoke(['explain', '--trace', trace, '--format', format])).stdout).toContain('<svg');
  });
});

describe('check', () => {
  it('holds a recorded step to its budget and its baseline, with the trace named from where the plan lies', async () => {
    const plan = join(folder, 'gc-plan.yaml');
    const entry = (more: string) =>
      writeFileSync(plan, `configurations:\n  own: { trace: plain.trace.gz, gpu: rtx-4090${more} }\n`);
    entry('');
    expect(await json('check', plan, '--update-baseline')).toMatchObject({ exit: 0 });
    const { exit, report } = await json('check', plan);
    expect({ exit, growth: report.entries[0].growth.percent }).toEqual({ exit: 0, growth: 0 });
    expect(violations(report)).toEqual([]);
    expect(report.entries[0].command).toContain(`--trace ${trace}`);
    entry(', budget: 2GB');
    expect(await json('check', plan)).toMatchObject({
      exit: 1,
      report: { entries: [{ findings: [{ kind: 'overBudget' }] }] },
    });
    entry(', layers: 4');
    expect(await json('check', plan)).toMatchObject({ exit: 2, report: { code: 'fixed-by-trace' } });
  });
});

describe('module groups', () => {
  it('are as deep as twelve names allow, and keep the largest where one part is too many', () => {
    const paths = ['net', 'net.a', 'net.a.0', 'net.b.1'];
    expect([...moduleGroups(paths, () => 1)]).toEqual(paths.map((path) => [path, path]));
    const deep = Array.from({ length: 20 }, (_, i) => `net.${i % 2}.${i}`);
    expect(new Set(moduleGroups(deep, () => 1).values())).toEqual(new Set(['net.0', 'net.1']));
    const wide = Array.from({ length: 20 }, (_, i) => `part${i}`);
    const groups = moduleGroups(wide, (path) => Number(path.slice(4)));
    expect(groups.get('part19')).toBe('part19');
    expect(groups.get('part0')).toBe('others');
    expect(new Set(groups.values()).size).toBe(12);
  });
});

describe('cards, compare and advise --trace', () => {
  /** The mesh network of the docs. */
  const example = (name: string) => fileURLToPath(new URL(`../../../docs/example/${name}.trace.gz`, import.meta.url));

  it('cards: fits where estimate says so, for every card', async () => {
    const { report } = await json('cards', '--trace', trace);
    expect(violations(report)).toEqual([]);
    const { cards } = report;
    for (const { device, verdict, deviceBytes } of [cards[0], cards.at(-1)]) {
      const alone = await json('estimate', '--trace', trace, '--gpu', device.name);
      expect(alone.report.verdict.kind).toBe(verdict.kind);
      expect(alone.report.memory.deviceBytes).toBe(deviceBytes);
    }
    expect((await json('cards', '--trace', trace, '--gpu', 'l4')).exit).toBe(2);
  });

  it('compare: two captures, of which categories and modules add up to the difference of live bytes', async () => {
    const [before, after] = [example('make_step'), example('make_step_with_checkpoints')];
    const { stdout } = await invoke(['compare', '--json', '--trace', before!, '--', '--trace', after!]);
    const report = JSON.parse(stdout);
    expect(violations(report)).toEqual([]);
    const difference = report.after.memory.peakLiveBytes - report.before.memory.peakLiveBytes;
    for (const parts of [report.categories, report.modules])
      expect(
        sum(parts.map((part: { afterBytes: number; beforeBytes: number }) => part.afterBytes - part.beforeBytes)),
      ).toBe(difference);
    expect(report.addedBytes).toBe(report.after.memory.deviceBytes - report.before.memory.deviceBytes);
  });

  it('advise: recomputed layers fit where the step does not, with the bytes of the step that is written so', async () => {
    const { exit, report } = await json('advise', '--trace', example('make_step'), '--gpu', 'rtx-4090');
    expect(exit).toBe(0);
    expect(violations(report)).toEqual([]);
    const layers = report.recompute.find(({ module }: { module: string }) => module === 'processor.*');
    expect(layers).toMatchObject({ numCalls: 16, verdict: { kind: 'fits' } });
    const written = await json('estimate', '--trace', example('make_step_with_checkpoints'), '--gpu', 'rtx-4090');
    const { peakLiveBytes, deviceBytes } = written.report.memory;
    expect(layers).toMatchObject({ peakLiveBytes, deviceBytes });
    const worth = report.recompute.map(
      ({ savedBytes, repeatedFlops }: { savedBytes: number; repeatedFlops: number }) => savedBytes / repeatedFlops,
    );
    expect(worth).toEqual([...worth].sort((a, b) => b - a));
    expect(report.optimizer.bytes).toBe(report.memory.optimizerBytes);
  });
});
