import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shippedErrorBar } from '../../src/accuracy/figures.js';
import { errorBarFrom, type LedgerEntry, ownErrors } from '../../src/accuracy/ledger.js';
import { estimate } from '../../src/services/estimate.js';
import { appendToLedger } from '../../src/services/verify.js';
import { MiB } from '../../src/units.js';
import { appendEntry, defaultLedgerFile, readEntries, readRecentEntries } from '../../src/verify/ledger.js';
import { collectingWarnings } from '../../src/warnings.js';
import { invoke } from '../cli/invoke.js';
import { configOf } from './steps.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-ledger-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const { model, recipe } = await configOf({});
const backend = { name: 'js', version: '', device: '' };

function entry(predicted: number, measured: number): LedgerEntry {
  return {
    schema: 'gc-plan/ledger@1',
    time: '',
    tool: { name: 'gc-plan', version: '0' },
    machine: { platform: '', arch: '', node: '', cpu: '' },
    runtime: 'tfjs',
    backend,
    config: { model, recipe },
    predicted: { peakLiveBytes: predicted },
    measured: { peakLiveBytes: measured },
    verdict: 'within',
  };
}

function warningsOf<Value>(run: () => Value): { readonly value: Value; readonly warnings: readonly string[] } {
  const warnings = new Set<string>();
  const value = collectingWarnings(warnings, run);
  return { value, warnings: [...warnings] };
}

describe('own verifications', () => {
  const tfjs = { runtime: 'tfjs', layout: 'jax', mode: 'train' } as const;

  it('of another runtime, code base or mode, of a code base that is gone, or without a measurement, are not counted', () => {
    const { measured: _, ...unmeasured } = entry(90, 100);
    const other = { ...entry(90, 100), runtime: 'jax' } as const;
    const gone = { ...entry(90, 100), config: { model: { ...model, layout: 'gone' }, recipe } };
    const forecast = { ...entry(90, 100), config: { model, recipe: { ...recipe, mode: 'inference' } } } as const;
    expect(ownErrors([other, gone, forecast, unmeasured], tfjs)).toEqual([]);
    expect(ownErrors([entry(90, 100)], { ...tfjs, layout: 'physicsnemo' })).toEqual([]);
    expect(ownErrors([forecast], { ...tfjs, mode: 'inference' })).toEqual([-10]);
  });

  it('that were worse than what ships make the range wider, better ones do not make it narrower', () => {
    const errors = ownErrors([entry(90, 100), entry(101, 100), entry(100, 100)], tfjs);
    expect(errorBarFrom(errors).worstUnderPercent).toBe(10);
    expect(errorBarFrom([3])).toEqual(shippedErrorBar);
  });

  it('compare the numbers that the source could give', () => {
    const reserved = { ...entry(0, 0), predicted: { peakReservedBytes: 95 }, measured: { peakReservedBytes: 100 } };
    expect(ownErrors([reserved], tfjs)).toEqual([-5]);
  });

  it('are evidence by themselves where nothing ships, of their code base and mode alone', async () => {
    vi.stubEnv('XDG_DATA_HOME', folder);
    const forecast = { runtime: 'tfjs', mode: 'inference' };
    expect((await estimate({ model: 'tiny', flags: forecast })).accuracy).toMatchObject({ checked: false, cases: 0 });
    const own = await configOf({ mode: 'inference' });
    appendToLedger({ ...entry(90, 100), config: { model: own.model, recipe: own.recipe } }, {});
    const { accuracy } = await estimate({ model: 'tiny', flags: forecast });
    expect(accuracy).toMatchObject({ checked: true, cases: 1, worstUnderPercent: 10 });
    const training = await estimate({ model: 'tiny', flags: { runtime: 'tfjs' } });
    expect(training.accuracy.worstUnderPercent).toBeLessThan(0.001);
  });

  it('are read from the user’s data directory and widen the range by the worst that happened', async () => {
    vi.stubEnv('XDG_DATA_HOME', folder);
    const flags = { runtime: 'tfjs' };
    const before = await estimate({ model: 'tiny', flags });
    appendToLedger(entry(90, 100), {});
    const after = await estimate({ model: 'tiny', flags });
    expect(after.accuracy.worstUnderPercent).toBe(10);
    expect(after.accuracy.source).toContain('1 of your own verifications');
    const widened = after.memory.range.highBytes - before.memory.range.highBytes;
    // 90 where 100 was measured: a ninth of the estimate.
    expect(widened).toBeCloseTo(before.memory.peakLiveBytes / 9, -1);
  });
});

describe('the ledger file', () => {
  it('is empty where it does not exist, and without its damaged lines where it has some', () => {
    const file = join(folder, 'deep', 'ledger.jsonl');
    expect(warningsOf(() => readEntries(file))).toEqual({ value: [], warnings: [] });
    appendToLedger(entry(1, 1), { ledger: file });
    expect(readEntries(file)).toHaveLength(1);
    appendFileSync(file, '{"half\n\0\u001b[2J\n[]\nnull\n{"schema":"gc-plan/ledger@1","predicted":{}}\n');
    appendToLedger(entry(2, 2), { ledger: file });
    const { value, warnings } = warningsOf(() => readEntries(file));
    expect(value.map(({ predicted }) => predicted.peakLiveBytes)).toEqual([1, 2]);
    expect(warnings).toEqual([expect.stringContaining('5 lines are damaged and passed over')]);
  });

  it.each([
    ['0 measured bytes', { measured: { peakLiveBytes: 0 } }],
    ['a negative number', { predicted: { peakLiveBytes: -1 } }],
    ['a text for a number', { measured: { peakLiveBytes: '9' } }],
    ['null for a number', { predicted: { peakLiveBytes: null } }],
    ['no configuration', { config: null }],
    ['no runtime', { runtime: 7 }],
  ])('neither takes nor gives an entry with %s', (_, wrong) => {
    const file = join(folder, 'ledger.jsonl');
    const damaged = { ...entry(90, 100), ...wrong } as unknown as LedgerEntry;
    expect(warningsOf(() => appendEntry(file, damaged)).warnings).toEqual([expect.stringContaining('is not recorded')]);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, `${JSON.stringify(damaged)}\n${JSON.stringify(entry(90, 100))}\n`);
    expect(readEntries(file)).toHaveLength(1);
  });

  it('that ends within a line loses neither that line’s end nor the next line', () => {
    const file = join(folder, 'ledger.jsonl');
    writeFileSync(file, JSON.stringify(entry(1, 1)));
    appendEntry(file, entry(2, 2));
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"half`);
    appendEntry(file, entry(3, 3));
    expect(readEntries(file).map(({ predicted }) => predicted.peakLiveBytes)).toEqual([1, 2, 3]);
  });

  it('of 100,000 lines is read in its last MiB, and the last ones count', () => {
    const file = join(folder, 'ledger.jsonl');
    const line = `${JSON.stringify(entry(90, 100))}\n`;
    const numLines = 100_000;
    writeFileSync(file, `${line.repeat(numLines - 1)}${JSON.stringify(entry(80, 100))}\n`);
    const entries = readRecentEntries(file);
    expect(entries.at(-1)!.predicted.peakLiveBytes).toBe(80);
    expect(entries.length).toBeGreaterThan(500);
    expect(entries.length * line.length).toBeLessThanOrEqual(MiB);
    expect(readEntries(file)).toHaveLength(numLines);
  });

  it('is the same whole or in part, wherever its pieces are cut', () => {
    const file = join(folder, 'ledger.jsonl');
    const entries = Array.from({ length: 40 }, (_, i) => ({ ...entry(i + 1, 1), time: 'é'.repeat(i) }));
    writeFileSync(file, entries.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const all = readEntries(file);
    expect(all).toEqual(entries);
    for (let lastBytes = 1; lastBytes < 4_000; lastBytes += 7) {
      const last = readEntries(file, lastBytes);
      expect(last).toEqual(all.slice(all.length - last.length));
    }
  });

  it.each([
    ['a folder', (file: string) => mkdirSync(file)],
    ['a pipe that nobody writes to', (file: string) => execFileSync('mkfifo', [file])],
    ['in a folder that is a file', (file: string) => writeFileSync(join(file, '..'), '')],
  ])('that is %s costs no report, neither when it is read nor when it is written', async (_, make) => {
    vi.stubEnv('XDG_DATA_HOME', folder);
    const file = defaultLedgerFile()!;
    if (!_.startsWith('in')) mkdirSync(join(folder, 'gc-plan'));
    make(file);
    const read = warningsOf(() => readRecentEntries(file));
    expect(read.value).toEqual([]);
    const written = warningsOf(() => appendToLedger(entry(1, 1), {}));
    expect(written.warnings).toEqual([expect.stringContaining('is not recorded')]);
    const { exit, stdout } = await invoke(['estimate', 'tiny', '--json']);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout).schema).toBe('gc-plan/estimate@1');
  });

  it('with a damaged line is warned of on stderr, by every command that reads it', async () => {
    vi.stubEnv('XDG_DATA_HOME', folder);
    mkdirSync(join(folder, 'gc-plan'));
    writeFileSync(defaultLedgerFile()!, '{"half\n');
    for (const argv of [
      ['estimate', 'tiny'],
      ['advise', 'tiny', '--gpu', 't4'],
      ['solve', 'tiny', '--for', 'batch', '--gpu', 't4'],
      ['verify', '--doctor'],
    ]) {
      const { exit, stderr } = await invoke([...argv, '--json']);
      expect({ argv, exit, lines: stderr.match(/one line is damaged/g)?.length }).toEqual({ argv, exit: 0, lines: 1 });
    }
  });

  it('lies where the system keeps a user’s data', () => {
    expect(defaultLedgerFile({ XDG_DATA_HOME: '/data' })).toBe('/data/gc-plan/ledger.jsonl');
    expect(defaultLedgerFile({})).toMatch(/\.local\/share\/gc-plan\/ledger\.jsonl$/);
  });

  it('of a user without a home is none', () => {
    const noHome = () => {
      throw new Error('ENOENT');
    };
    expect(defaultLedgerFile({}, noHome)).toBeUndefined();
    expect(readRecentEntries(undefined)).toEqual([]);
    expect(warningsOf(() => appendEntry(undefined, entry(1, 1))).warnings).toHaveLength(1);
  });
});
