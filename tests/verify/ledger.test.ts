import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accuracyFrom, type LedgerEntry } from '../../src/accuracy/ledger.js';
import { shippedAccuracy } from '../../src/accuracy/shipped.js';
import { estimate } from '../../src/services/estimate.js';
import { appendToLedger } from '../../src/services/verify.js';
import { defaultLedgerFile, readEntries } from '../../src/verify/ledger.js';
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

describe('own verifications', () => {
  it('of another runtime, or without a measurement, change nothing', () => {
    const { measured: _, ...unmeasured } = entry(90, 100);
    expect(accuracyFrom([{ ...entry(90, 100), runtime: 'jax' }, unmeasured], shippedAccuracy.tfjs)).toEqual(
      shippedAccuracy.tfjs,
    );
  });

  it('that were worse than what ships make the estimate less sure of itself, better ones do not make it surer', () => {
    const worse = accuracyFrom([entry(90, 100), entry(101, 100), entry(100, 100)], shippedAccuracy.tfjs);
    expect(worse).toMatchObject({
      cases: shippedAccuracy.tfjs.cases + 3,
      medianErrorPercent: 1,
      p95ErrorPercent: 10,
      worstUnderPercent: 10,
    });
    const exact = { ...entry(100, 100), runtime: 'jax' } as const;
    expect(accuracyFrom([exact], shippedAccuracy.jax).worstUnderPercent).toBe(shippedAccuracy.jax.worstUnderPercent);
  });

  it('compare the numbers that the source could give', () => {
    const reserved = { ...entry(0, 0), predicted: { peakReservedBytes: 95 }, measured: { peakReservedBytes: 100 } };
    expect(accuracyFrom([reserved], shippedAccuracy.tfjs).worstUnderPercent).toBe(5);
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
    expect(widened).toBeCloseTo(0.1 * before.memory.peakLiveBytes, -1);
  });
});

describe('the ledger file', () => {
  it('is empty where it does not exist, and says which line is broken where one is', () => {
    const file = join(folder, 'deep', 'ledger.jsonl');
    expect(readEntries(file)).toEqual([]);
    appendToLedger(entry(1, 1), { ledger: file });
    expect(readEntries(file)).toHaveLength(1);
    writeFileSync(file, '{"schema":"gc-plan/ledger@1","predicted":{}}\n{"half\n');
    expect(() => readEntries(file)).toThrow(`${file}:2: this line is not a ledger entry.`);
  });

  it('lies where the system keeps a user’s data', () => {
    expect(defaultLedgerFile({ XDG_DATA_HOME: '/data' })).toBe('/data/gc-plan/ledger.jsonl');
    expect(defaultLedgerFile({})).toMatch(/\.local\/share\/gc-plan\/ledger\.jsonl$/);
  });

  it('that cannot be written is the user’s to name again', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => appendToLedger(entry(1, 1), { ledger: join(file, 'ledger.jsonl') })).toThrow(/--ledger .*: E/);
  });
});
