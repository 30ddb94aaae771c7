import { loadSvgRenderer } from '../charts/svg.js';
import type { Renderer } from '../formats.js';
import type { Explanation } from '../schemas/explain.js';
import { timelineOption, timelineTitle } from './chart.js';

/** The timeline alone, on white: a picture in someone else's document. */
export async function loadTimelineSvg(): Promise<Renderer<Explanation>> {
  const renderSvg = await loadSvgRenderer();
  return (explanation) =>
    renderSvg(
      { ...timelineOption(explanation), backgroundColor: '#ffffff' },
      { title: timelineTitle(explanation), id: 'timeline', heightPx: 440 },
    );
}
