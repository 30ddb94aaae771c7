import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measured } from '../../src/reports/measured/schema.js';
import { estimate } from '../../src/services/estimate.js';
import { readEntries } from '../../src/verify/ledger.js';
import { parseMeasured } from '../../src/verify/measured-file.js';
import { invoke } from '../cli/invoke.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-measured-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function compare(records: readonly object[], ...argv: readonly string[]) {
  const file = join(folder, 'numbers.jsonl');
  const ledger = join(folder, `ledger ${JSON.stringify(records).length}.jsonl`);
  writeFileSync(file, records.map((record) => JSON.stringify(record)).join('\n'));
  const { exit, stdout } = await invoke(['verify', ...argv, '--measured', file, '--ledger', ledger, '--json']);
  return { exit, report: JSON.parse(stdout) as Measured, entries: () => readEntries(ledger) };
}

describe('verify --measured', () => {
  it('compares each number with its namesake, passes what is near, and remembers it', async () => {
    const { memory } = await estimate({ model: 'tiny', flags: { runtime: 'pytorch' } });
    const record = {
      source: 'pytorch',
      version: '2.13.0',
      device: 'A100',
      max_memory_allocated: memory.peakAllocatedBytes,
      max_memory_reserved: memory.peakReservedBytes,
    };
    const { exit, report, entries } = await compare([record], 'tiny');
    expect(exit).toBe(0);
    expect(report.records[0]!.comparisons.map(({ quantity, errorPercent }) => [quantity, errorPercent])).toEqual([
      ['peakAllocatedBytes', 0],
      ['peakReservedBytes', 0],
    ]);
    expect(entries()).toMatchObject([{ runtime: 'pytorch', backend: { name: 'pytorch' }, verdict: 'within' }]);
  });

  it('exits 1 when one of several is far off, each at its own model and options', async () => {
    const records = [
      { source: 'jax', model: 'graphcast-small', flags: { batch: 2 }, peak_bytes_in_use: 1 },
      { source: 'nvidia-smi', model: 'tiny', runtime: 'pytorch', memory_used_mib: 4 },
    ];
    const { exit, report } = await compare(records);
    expect(exit).toBe(1);
    expect(report.records.map(({ config }) => [config.runtime, config.model.name, config.recipe.batchSize])).toEqual([
      ['jax', 'graphcast-small', 2],
      ['pytorch', 'tiny', 1],
    ]);
  });

  it('adds up XLA’s buffer assignment: arguments + outputs + temporaries − aliased', () => {
    const text =
      '{"source":"jax","argument_size_in_bytes":10,"output_size_in_bytes":7,"temp_size_in_bytes":5,"alias_size_in_bytes":6}';
    expect(parseMeasured(text, 'file')[0]!.quantities).toEqual([
      { quantity: 'peakLiveBytes', measuredAs: 'memory_analysis', measuredBytes: 16 },
    ]);
  });

  it.each([
    ['{"source":"torch"}', /"source" must be pytorch, jax or nvidia-smi/],
    ['{"source":"pytorch","max_memory_alocated":1}', /unknown key "max_memory_alocated"/],
    ['{"source":"pytorch"}', /none of max_memory_allocated, max_memory_reserved is given/],
    ['{"source":"pytorch","max_memory_allocated":"12 GB"}', /must be a whole number above 0, not "12 GB"/],
    ['{"source":"jax","temp_size_in_bytes":1}', /"argument_size_in_bytes" must be a whole number, not absent/],
    ['{"source":"nvidia-smi","memory_used_mib":1}\n{"source":', /file:2: /],
    ['', /there is no measurement in it/],
    ['[1]', /a measurement is a JSON object/],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parseMeasured(text, 'file')).toThrow(message);
  });

  it('of a file that is not there exits 2', async () => {
    const { exit, stdout } = await invoke(['verify', '--measured', join(folder, 'nowhere'), '--json']);
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'gc-plan/error@1', code: 'unreadable-file' });
  });
});
