import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parser } from 'pickleparser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pickle } from '../../src/explain/pickle.js';
import type { Explanation } from '../../src/reports/explain/schema.js';
import { invoke } from '../cli/invoke.js';

interface Entry {
  readonly action: 'alloc' | 'free_requested' | 'free_completed';
  readonly addr: number;
  readonly size: number;
  readonly frames: readonly { readonly filename: string; readonly line: number; readonly name: string }[];
}
interface Snapshot {
  readonly segments: readonly {
    readonly total_size: number;
    readonly blocks: readonly { readonly address: number; readonly size: number; readonly state: string }[];
  }[];
  readonly device_traces: readonly (readonly Entry[])[];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-explain-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([['physicsnemo-graphcast'], ['graphcast-small', '--layers', '4'], ['tiny']])(
  'the exports of gc-plan explain %s',
  (...argv) => {
    let explanation: Explanation;
    let snapshot: Snapshot;
    let trace: {
      readonly traceEvents: readonly { ph: string; name: string; ts: number; args: Record<string, number> }[];
    };
    beforeAll(async () => {
      const [pickled, json] = [join(folder, 'step.pickle'), join(folder, 'step.json')];
      const { stdout } = await invoke(['explain', ...argv, '--snapshot', pickled, '--perfetto', json, '--json']);
      explanation = JSON.parse(stdout);
      snapshot = new Parser().parse<Snapshot>(readFileSync(pickled));
      trace = JSON.parse(readFileSync(json, 'utf8'));
    });

    it('load in an unpickler that is not ours, and replay to the same peak and the same arrays at the end', () => {
      const live = new Map<number, number>();
      const entries = snapshot.device_traces[0]!;
      const atEnd = new Map(
        snapshot.segments.flatMap(({ blocks }) => blocks.map(({ address, size }) => [address, size])),
      );
      const made = new Set(entries.filter(({ action }) => action === 'alloc').map(({ addr }) => addr));
      for (const [address, size] of atEnd) if (!made.has(address)) live.set(address, size);
      for (const { action, addr, size } of entries)
        if (action === 'free_completed' && !made.has(addr)) live.set(addr, size);
      let bytes = [...live.values()].reduce((sum, size) => sum + size, 0);
      let peak = 0;
      for (const { action, addr, size } of entries) {
        if (action === 'free_requested') continue;
        expect(live.has(addr)).toBe(action === 'free_completed');
        if (action === 'alloc') live.set(addr, size);
        else live.delete(addr);
        bytes += action === 'alloc' ? size : -size;
        peak = Math.max(peak, bytes);
      }
      expect(peak).toBe(explanation.peak.liveBytes);
      expect(new Map([...live].sort())).toEqual(new Map([...atEnd].sort()));
    });

    it('name for every allocation the operation that made it, and its shape', () => {
      for (const { action, frames } of snapshot.device_traces[0]!) {
        if (action !== 'alloc') continue;
        expect(explanation.modules).toContain(frames[0]!.filename);
        expect(explanation.categories).toContain(frames[1]!.filename);
        expect(frames[1]!.name).toMatch(/^\[.*\] = \[[\d, ]*\] \w.*$/);
      }
    });

    it('count in the Chrome trace what the timeline counts, operation by operation', () => {
      const counters = trace.traceEvents.filter(({ ph, name }) => ph === 'C' && name === 'live bytes by category');
      const sums = counters.map(({ args }) => Object.values(args).reduce((sum, bytes) => sum + bytes, 0));
      expect(sums).toEqual(explanation.operations.map(({ liveBytes }) => liveBytes));
    });
  },
);

describe('a pickle', () => {
  it('gives back what was put in, longer lists than one batch and integers of 8 bytes included', () => {
    const value = {
      list: Array.from({ length: 2500 }, (_, index) => index),
      integers: [0, 255, 256, 2 ** 31 - 1, 2 ** 31, 2 ** 52 + 1],
      nothing: null,
      text: 'α·β "',
      empty: [{}, []],
    };
    expect(new Parser().parse(pickle(value))).toEqual(value);
  });
});

it('a snapshot whose addresses would be rounded is refused, and no file is written', async () => {
  const snapshot = join(folder, 'large.pickle');
  const { exit, stdout } = await invoke([
    'explain',
    'anemoi-gnn',
    '--batch',
    '65536',
    '--snapshot',
    snapshot,
    '--json',
  ]);
  expect(exit).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ code: 'out-of-range' });
  expect(existsSync(snapshot)).toBe(false);
});
