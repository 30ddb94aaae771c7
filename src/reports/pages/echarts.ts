/** What our pictures use of Apache ECharts; the build puts it into one file, and the rest of the library does not ship. */
import { BarChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapComponent,
} from 'echarts/components';
import { setPlatformAPI, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([
  BarChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
  TitleComponent,
  VisualMapComponent,
]);

/**
 * Without a browser the width of a text is a guess; one that is too narrow lets the entries of a legend run into each other. The widest
 * of the usual sans-serif fonts (DejaVu) takes 0.6 of its size a letter on average.
 */
const letterWidth = 0.62;
setPlatformAPI({
  measureText: (text, font = '') => ({ width: letterWidth * Number(/(\d+)px/.exec(font)?.[1] ?? 12) * text.length }),
});

export { init } from 'echarts/core';
