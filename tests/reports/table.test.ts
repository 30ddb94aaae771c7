import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decides } from '../../src/reports/estimate/numbers.js';
import { renderEstimate } from '../../src/reports/estimate/table.js';
import { renderProfiles } from '../../src/reports/profiles/table.js';
import { profiles } from '../../src/services/profiles.js';
import { sample, verdicts } from './sample.js';

const plain = { columns: 100, colour: false };
const everything = { ...plain, details: true };

describe('the estimate table', () => {
  it.each([80, 100, 120])('stays within %i columns, with every number in it', (columns) => {
    const text = renderEstimate(sample, { columns, colour: false, details: true });
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(columns);
    for (const part of ['15.00 GiB', '18.20 to 18.60 GiB', '35,979,347', '195,480', 'One CUDA stream.'])
      expect(text).toContain(part);
  });

  it.each([
    [verdicts.fits, 'fits on rtx-4090: at most 18.60 of 23.60 GiB usable, 5.00 spare'],
    [verdicts.tight, 'may fit on rtx-4090: 18.20 to 18.60 GiB of 18.30 usable, 0.30 short at worst'],
    [verdicts.exceeds, 'does not fit on rtx-4090: needs up to 18.60 GiB, 15.60 usable, 3.00 short'],
    [verdicts.unknown, 'needs at most 18.60 GiB; --gpu NAME or --vram SIZE says whether that fits'],
  ])('says in its first line what it is about, and answers in its second: %s', (verdict, line) => {
    for (const layout of [plain, everything])
      expect(
        renderEstimate({ ...sample, verdict }, layout)
          .split('\n')
          .slice(0, 2),
      ).toEqual([
        "graphcast-small · DeepMind's GraphCast in PyTorch · 1° · 512 wide × 16 layers · bf16 · rtx-4090",
        line,
      ]);
  });

  it.each([
    [110, 'the upper end of the range does not go in'],
    [95, 'only the lower end of the range goes in'],
    [85, 'it goes in only if XLA recomputes by itself'],
  ])('names no end of the range that does not go in: 90 to 120, 100 in the middle, %i usable', (usableBytes, words) => {
    const memory = { ...sample.memory, deviceBytes: 100, range: { lowBytes: 90, highBytes: 120 } };
    expect(decides({ ...verdicts.tight, usableBytes }, memory)).toBe(words);
  });

  it('says the same with and without colour', () => {
    const coloured = renderEstimate(sample, { ...plain, colour: true });
    expect(coloured).not.toBe(renderEstimate(sample, plain));
    expect(stripVTControlCharacters(coloured)).toBe(renderEstimate(sample, plain));
  });

  it('states every assumption', () => {
    const text = renderEstimate(sample, everything).replaceAll(/\s+/g, ' ');
    for (const assumption of sample.assumptions) expect(text).toContain(assumption);
  });
});

describe('the tables of texts', () => {
  it.each([80, 120])('break the widest text at words, with every word in it: profiles at %i columns', (columns) => {
    const text = renderProfiles(profiles(), { columns, colour: false });
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(columns);
    const words = (said: string) => said.split(/\s+/);
    const shown = new Set(words(text));
    for (const { name, description } of profiles().models)
      for (const word of [name, ...words(description)]) expect(shown, name).toContain(word);
  });
});
