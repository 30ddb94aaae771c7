import type { Renderer } from '../formats.js';
import { loadSvgRenderer } from '../pages/svg.js';
import { timelineOption, timelineTitle } from './chart.js';
import type { Explanation } from './schema.js';

/** The timeline alone, on white: a picture in someone else's document. */
export async function loadTimelineSvg(): Promise<Renderer<Explanation>> {
  const renderSvg = await loadSvgRenderer();
  return (explanation) =>
    renderSvg(
      { ...timelineOption(explanation), backgroundColor: '#ffffff' },
      { title: timelineTitle(explanation), id: 'timeline', heightPx: 440 },
    );
}
