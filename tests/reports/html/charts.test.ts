import { describe, expect, it } from 'vitest';
import { renderSvg } from '../../../src/reports/pages/svg.js';

const option = {
  xAxis: { type: 'value' as const },
  yAxis: { type: 'value' as const },
  series: [
    {
      type: 'line' as const,
      areaStyle: {},
      data: [
        [0, 1],
        [1, 3],
        [2, 2],
      ],
    },
  ],
};

describe('a chart', () => {
  it('is the same text every time, so that a document with it does not change by itself', async () => {
    const frame = { title: 'Live bytes <by step>' };
    expect(await renderSvg(option, frame)).toBe(await renderSvg(option, frame));
  });

  it('names itself for someone who cannot see it, and keeps its ids apart from those of another on the page', async () => {
    const svg = await renderSvg(option, { title: 'Live bytes <by step>', id: 'timeline' });
    expect(svg).toContain('<title id="timeline-title">Live bytes &lt;by step></title>');
    for (const [, id] of svg.matchAll(/\bid="([^"]*)"/g)) expect(id).toMatch(/^timeline-/);
  });

  it('fetches nothing and runs nothing', async () => {
    const svg = await renderSvg(option, { title: 'Live bytes' });
    expect(svg).not.toMatch(/<script|<image|href=|url\((?!#)/);
  });
});
