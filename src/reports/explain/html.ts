/** A page to hover over and zoom into; without scripts it is the same numbers with a still picture. */
import { readAsset, readBuilt } from '../../config/assets.js';
import { configLine, subjectOf } from '../config-line.js';
import type { Layout, Renderer } from '../formats.js';
import { embeddedJson, html, type Markup, trusted } from '../pages/markup.js';
import { type Cell, chartFigure, dataTable, renderPage, section } from '../pages/page.js';
import { loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { subject } from '../subject.js';
import { formatBytes } from '../units.js';
import { timelineOption, timelineTitle } from './chart.js';
import type { Explanation } from './schema.js';
import { layersOf, listedArrays, phaseName } from './stack.js';

export async function loadExplanationPage(): Promise<Renderer<Explanation>> {
  const renderSvg = await loadSvgRenderer();
  const library = readBuilt('reports/explain/browser/echarts.min.js');
  const script = readAsset('reports/explain/browser/timeline.js');
  return (explanation, layout) => explanationPage(explanation, layout, renderSvg, [library, script]);
}

function explanationPage(
  explanation: Explanation,
  { command = explanation.command, date }: Layout,
  renderSvg: RenderSvg,
  scripts: readonly string[],
): string {
  const { peak, config, operations, phases, by } = explanation;
  const option = timelineOption(explanation);
  return renderPage({
    question: `What is alive through one step of ${subjectOf(config)}, and why?`,
    answer: {
      tone: 'neutral',
      text: `peak ${formatBytes(peak.liveBytes)} live in ${phaseName(operations[peak.at]!)}, at ${peak.operation}`,
    },
    subject: subject(explanation.config),
    setting: configLine(explanation),
    sections: [
      section(
        `Live bytes through one step, by ${by}`,
        chartFigure('timeline-figure', (frame) =>
          renderSvg(timelineOption(explanation, frame.widthPx), {
            ...frame,
            title: timelineTitle(explanation),
            heightPx: 416,
          }),
        ),
        html`<p class="soft">Hover for the bytes of an operation; turn the wheel or drag the bar below to zoom. The tables below hold the same numbers.</p>`,
        dataTable(
          'Phases in the order in which they run',
          ['phase', 'operations', 'its peak'],
          phases.map((phase) => [
            phaseName(phase),
            html`${operationLink(phase.firstOperation, String(phase.firstOperation))} to ${operationLink(phase.lastOperation, String(phase.lastOperation))}`,
            formatBytes(phase.peakLiveBytes),
          ]),
          '<>>',
        ),
      ),
      section('The largest arrays at the peak', ...largestTables(explanation)),
      section('Every operation', operationsTable(explanation)),
    ],
    assumptions: explanation.assumptions,
    accuracy: explanation.accuracy,
    commands: [command],
    tool: explanation.tool,
    date,
    tail: html`${embeddedJson('timeline-option', option)}
${scripts.map((script) => html`<script>${trusted(withoutEnd(script))}</script>\n`)}`,
  });
}

/** `</script` inside a script would end it. */
const withoutEnd = (script: string) => script.replaceAll(/<\/(script)/gi, '<\\/$1');

const operationLink = (index: number | null, text: string): Cell =>
  index === null ? text : html`<a href="#operation-${index}">${text}</a>`;

type Group = Explanation['groups'][number];

/** A table for each reason, so that it is said once. */
function largestTables(explanation: Explanation): readonly Markup[] {
  const { groups, operations } = explanation;
  const [listed, share] = listedArrays(explanation);
  const reasonOf = ({ category, why }: Group) => `${category}: ${why}`;
  const reasons = [...new Set(groups.map(reasonOf))];
  const named = (at: number | null, text: string, count: number) =>
    at === null || count > 1 ? text : withModule(operations[at]!);
  return [
    html`<p>${listed}, ${share} of the peak; a link leads to the first of several operations.</p>`,
    ...reasons.flatMap((reason) => [
      html`<h3>${reason}</h3>`,
      dataTable(
        `The largest, ${reason}`,
        ['bytes', 'arrays', 'each', 'shape', 'dtype', 'made by', 'gone after'],
        groups
          .filter((group) => reasonOf(group) === reason)
          .map(({ count, bytes, totalBytes, shape, lengths, dtype, madeBy, madeAt, freedBy, freedAt }) => [
            formatBytes(totalBytes),
            String(count),
            formatBytes(bytes),
            shapeText(shape, lengths),
            dtype,
            operationLink(madeAt, madeAt === null ? `${madeBy}, before this step` : named(madeAt, madeBy, count)),
            operationLink(freedAt, named(freedAt, freedBy ?? 'outlives the step', count)),
          ]),
        '>>><<<<',
      ),
    ]),
  ];
}

/** A captured step has no symbols beside its lengths. */
function shapeText(shape: string, lengths: readonly number[]): string {
  const inNumbers = `[${lengths.join(', ')}]`;
  return shape === inNumbers ? shape : `${shape} = ${inNumbers}`;
}

/** Many operations have the same name in every layer; some say their module already. */
const withModule = ({ operation, module }: Explanation['operations'][number]): string =>
  operation.includes(module) ? operation : `${module}: ${operation}`;

function operationsTable(explanation: Explanation): Markup {
  const { operations } = explanation;
  const layers = layersOf(explanation);
  const table = dataTable(
    'The most that was alive while each operation ran',
    ['number', 'operation', 'phase', 'live', ...layers.map(({ name }) => name)],
    operations.map((operation, index) => [
      String(index),
      withModule(operation),
      phaseName(operation),
      formatBytes(operation.liveBytes),
      ...layers.map(({ bytes }) => formatBytes(bytes[index]!)),
    ]),
    `><<>${'>'.repeat(layers.length)}`,
    { rowIds: operations.map((_, index) => `operation-${index}`) },
  );
  return html`<details id="operations"><summary>${operations.length} operations with their bytes</summary>
${table}</details>`;
}
