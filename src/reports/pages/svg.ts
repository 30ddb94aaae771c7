/** Charts as SVG text, by Apache ECharts without a browser. Loaded only when a chart is asked for. */
import type { EChartsOption } from 'echarts';

export interface ChartFrame {
  /** What the chart shows, for someone who can't see it. */
  readonly title: string;
  /** Prefix of the ids inside; charts of one page need different ones. */
  readonly id?: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
}

/** The name in the middle of its axis, with its unit; lines seen on white and on black. */
export const axisText = (nameGap: number) => ({
  nameLocation: 'middle' as const,
  nameGap,
  splitLine: { lineStyle: { color: 'rgba(128,128,128,0.3)' } },
});

export type RenderSvg = (option: EChartsOption, frame: ChartFrame) => string;

/** For a report's renderer, which is synchronous once it is loaded. */
export async function loadSvgRenderer(): Promise<RenderSvg> {
  const { init } = await import('./echarts.js');
  return (option, { title, id = 'chart', widthPx = 960, heightPx = 400 }) => {
    const chart = init(null, null, { renderer: 'svg', ssr: true, width: widthPx, height: heightPx });
    try {
      chart.setOption({ animation: false, backgroundColor: 'transparent', ...option });
      return withTitle(chart.renderToSVGString(), title, id);
    } finally {
      // Its clock would keep the process alive.
      chart.dispose();
    }
  };
}

export const renderSvg = async (option: EChartsOption, frame: ChartFrame): Promise<string> =>
  (await loadSvgRenderer())(option, frame);

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** ECharts numbers its ids by process (`zr7-c0`); the same chart must give the same text. It styles hovering, which a picture can't. */
function withTitle(svg: string, title: string, id: string): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>\n?/, '')
    .replaceAll(/\bzr\d+-/g, `${id}-`)
    .replaceAll(/ class="[^"]*"| ecmeta_\w+="[^"]*"/g, '')
    .replace(
      /<svg ([^>]*)>/,
      `<svg $1 role="img" aria-labelledby="${id}-title">\n<title id="${id}-title">${escaped(title)}</title>`,
    );
}
