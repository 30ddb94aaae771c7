import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { profileNames } from '../../src/config/profiles.js';
import { cardsAnswer } from '../../src/reports/cards/table.js';
import { cards } from '../../src/services/cards.js';
import { estimate } from '../../src/services/estimate.js';
import { invoke } from './invoke.js';

const numberOf = (kind: string, rows: Awaited<ReturnType<typeof cards>>['cards']) =>
  rows.filter(({ verdict }) => verdict.kind === kind).length;

describe('cards', () => {
  it('gives every card the numbers that estimate gives it', async () => {
    const flags = { precision: 'fp32', batch: '2' };
    const { cards: rows } = await cards({ model: 'graphcast-small', flags });
    for (const gpu of ['rtx-4090', 't4', 'a100-80gb', 'h200', 'v100-32gb']) {
      const row = rows.find(({ device }) => device.name === gpu)!;
      const { memory, verdict, cost } = await estimate({ model: 'graphcast-small', flags: { ...flags, gpu } });
      expect(row).toMatchObject({ deviceBytes: memory.deviceBytes, range: memory.range, stepTimeMs: cost.stepTimeMs });
      expect(row.verdict).toMatchObject({ kind: verdict.kind, usableBytes: row.device && expect.any(Number) });
    }
  });

  it('puts what fits first, by price where one is known, then by memory', async () => {
    const { cards: rows, cheapest } = await cards({ model: 'graphcast-small', flags: {} });
    const kinds = rows.map(({ verdict }) => ['fits', 'tight', 'exceeds'].indexOf(verdict.kind));
    expect(kinds).toEqual([...kinds].sort());
    const fitting = rows.slice(0, numberOf('fits', rows));
    const prices = fitting.map(({ pricePerHour = Number.MAX_VALUE }) => pricePerHour);
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    expect(cheapest).toBe(fitting[0]!.device.name);
  });

  it('names both prices where one card is the cheapest by both', async () => {
    const report = await cards({ model: 'tiny', flags: { mode: 'inference' } });
    const [first] = report.cards;
    const { head, rest } = cardsAnswer({
      ...report,
      cards: [{ ...first!, pricePerHour: 0.5, pricePerThousand: 0.02 }],
    });
    expect(head + rest).toMatch(/cheapest per hour \(0\.50 USD\) and per 1,000 calls \(0\.020 USD\)$/);
  });

  it('a thousand updates cost their micro-steps at the roofline’s time', async () => {
    const flags = { accumulate: '4', runtime: 'pytorch' };
    const { cards: rows } = await cards({ model: 'anemoi-gnn', flags });
    const { pricePerHour, pricePerThousand, stepTimeMs } = rows.find(({ device }) => device.name === 'h100-80gb')!;
    expect(pricePerThousand).toBeCloseTo((1000 * 4 * stepTimeMs! * pricePerHour!) / 3_600_000);
  });

  it('looks at every card that is known, but for AMD’s where the code asks for CUDA', async () => {
    const all = profileNames('gpus').length;
    const anemoi = await cards({ model: 'anemoi-gnn', flags: {} });
    expect([anemoi.cards.length, anemoi.notProposed]).toEqual([all, undefined]);
    const physicsnemo = await cards({ model: 'physicsnemo-graphcast', flags: {} });
    expect(physicsnemo.cards.length + physicsnemo.notProposed!.cards.length).toBe(all);
    expect(physicsnemo.notProposed!.cards).toContain('mi300x');
  });

  it('takes the user’s own prices instead of those that ship', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'gc-plan-')), 'prices.json');
    writeFileSync(file, '{"h200": 0.5, "a100-80gb": 9}');
    const { cards: rows, prices, cheapest } = await cards({ model: 'graphcast-small', flags: {}, prices: file });
    expect(rows.filter(({ pricePerHour }) => pricePerHour !== undefined).length).toBe(2);
    expect({ cheapest, source: prices.source }).toEqual({ cheapest: 'h200', source: file });
  });

  it.each(['gpu', 'vram', 'architecture'])('--%s names one card: refused, with what to type', async (flag) => {
    await expect(cards({ model: 'tiny', flags: { [flag]: 'volta' } })).rejects.toMatchObject({
      code: 'conflicting-options',
      nextSteps: expect.arrayContaining([`Leave --${flag} out.`]),
    });
  });
});

describe('gc-plan cards', () => {
  it.each([80, 120])('is a screen of at most 45 lines at %d columns, none longer', async (columns) => {
    const { stdout, exit } = await invoke(['cards', 'tiny', '--runtime', 'pytorch'], { columns });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(45);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(exit).toBe(0);
  });

  it('prints columns that add up', async () => {
    const { stdout } = await invoke(['cards', 'graphcast-small'], { columns: 120 });
    const rows = [...stdout.matchAll(/^\S+( \*)? +([\d.]+) +([\d.]+) +([\d.]+) /gm)];
    expect(rows.length).toBeGreaterThan(20);
    for (const [, , usable, most, spare] of rows) expect(Number(usable) - Number(most)).toBeCloseTo(Number(spare), 8);
  });

  it('--all lists those too that are too small, and says so', async () => {
    const { stdout } = await invoke(['cards', 'graphcast', '--all'], { columns: 120 });
    expect(stdout).toMatch(/^m40-12gb .*does not fit/m);
  });
});
