import { describe, expect, it } from 'vitest';
import { renderEstimate as github } from '../../src/reports/estimate/github.js';
import { renderEstimatePage as html } from '../../src/reports/estimate/html.js';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import { renderEstimate as table } from '../../src/reports/estimate/table.js';
import type { Renderer } from '../../src/reports/formats.js';
import { sample, verdicts } from './sample.js';

const change = (name: string) => ({ change: name, command: `gc-plan estimate ${name}`, deviceBytes: 2 ** 30 });
const rank = {
  gridNodes: 1,
  meshNodes: 2,
  haloNodes: 3,
  parameterBytes: 4,
  gradientBytes: 5,
  optimizerBytes: 6,
  activationBytes: 0,
  temporaryBytes: 0,
  inputBytes: 0,
  receivedBytes: 8,
};
const ranks = [
  { ...rank, firstRank: 0, lastRank: 0, peakLiveBytes: 7 },
  { ...rank, firstRank: 1, lastRank: 3, peakLiveBytes: 9 },
];
const verdict = {
  ...verdicts.exceeds,
  smallestChange: change('--batch 1'),
  furtherChanges: [change('--checkpoint model'), change('--offload optimizer')],
};

describe.each<[string, Renderer<Estimate>]>([
  ['a table', table],
  ['GitHub’s Markdown', github],
  ['a page', html],
])('an estimate as %s', (_, render) => {
  it('names all changes that fit, and every rank', () => {
    const text = render({ ...sample, verdict, ranks }, { columns: 120, colour: false, details: true });
    for (const part of ['--batch 1', '--checkpoint model', '--offload optimizer', '1–3', '9 B'])
      expect(text).toContain(part);
  });
});
