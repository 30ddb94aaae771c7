/** From an answer to what is seen: the parts that the reports have are drawn by the reports' own functions. */

import { timelineOption, timelineTitle } from '../../reports/explain/chart.js';
import { layersOf, type Picture, phaseName } from '../../reports/explain/stack.js';
import { dataTable, list } from '../../reports/pages/blocks.js';
import { html, type Markup } from '../../reports/pages/markup.js';
import { formatBytes, inUnit, unitOf } from '../../reports/units.js';
import type { GrowthPlan } from '../../services/growth-plan.js';
import type { Refused } from '../messages.js';
import type { View } from '../view.js';

export const byId = <Kind extends HTMLElement = HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;

export const put = (id: string, ...content: readonly Markup[]): void => {
  byId(id).innerHTML = content.map(({ html: text }) => text).join('');
  byId(id).classList.remove('stale');
};

export function drawAnswer({ tone, verdict, text, html: parts }: View): void {
  byId('verdict').className = `answer ${tone}`;
  byId('verdict').textContent = verdict;
  for (const [id, words] of Object.entries(text)) byId(id).textContent = words;
  // Made by the reports' own functions, which escape what is put in.
  for (const [id, part] of Object.entries(parts)) byId(id).innerHTML = part;
  document.title = `${text.subject} · gc-plan`;
  document.body.classList.remove('refused');
  byId('refusal').hidden = true;
}

export function drawRefusal({ message, nextSteps }: Refused): void {
  document.body.classList.add('refused');
  const refusal = byId('refusal');
  refusal.hidden = false;
  const startOver = html`<button type="button" class="apply">Back to the model as it is</button>`;
  put('refusal', html`<p><strong>Not like this.</strong> ${message}</p>`, list(nextSteps), startOver);
}

interface Chart {
  setOption(option: object, settings?: object): void;
  resize(): void;
}
declare global {
  var echarts: { readonly init: (element: HTMLElement) => Chart };
}

/** The stacked timeline; a table beside it has its numbers. */
export class Timeline {
  private readonly figure = byId('timeline');
  private readonly chart = echarts.init(this.figure);
  private picture: Picture | undefined;

  constructor() {
    const again = () => {
      this.chart.resize();
      if (this.picture !== undefined) this.draw(this.picture);
    };
    addEventListener('resize', again);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  }

  draw(picture: Picture): void {
    this.picture = picture;
    const ink = { color: getComputedStyle(document.body).color };
    const widthPx = this.figure.clientWidth;
    const { legend, xAxis, yAxis, series, ...option } = timelineOption(picture, widthPx) as Readonly<
      Record<string, object>
    >;
    const [bottom, ...others] = series as readonly {
      readonly markArea: object;
      readonly markLine: { readonly label: object };
    }[];
    this.chart.setOption(
      {
        ...option,
        animation: false,
        legend: { ...legend, textStyle: ink },
        xAxis: { ...xAxis, nameTextStyle: ink, axisLabel: { show: false } },
        yAxis: { ...yAxis, nameTextStyle: ink, axisLabel: ink },
        series: bottom && [
          {
            ...bottom,
            markArea: { ...bottom.markArea, label: { ...ink, position: 'insideTop', fontSize: 12 } },
            markLine: { ...bottom.markLine, label: { ...bottom.markLine.label, ...ink } },
          },
          ...others,
        ],
        tooltip: {
          trigger: 'axis',
          confine: true,
          formatter: ([point]: readonly { readonly dataIndex: number }[]) => tooltip(picture, point!.dataIndex),
        },
      },
      { notMerge: true },
    );
    this.figure.setAttribute('aria-label', timelineTitle(picture));
    put('phases', phasesTable(picture));
  }
}

function tooltip(picture: Picture, index: number): string {
  const operation = picture.operations[index]!;
  const lines = layersOf(picture).map(({ name, bytes }) => html`<br>${name}: ${formatBytes(bytes[index]!)}`);
  return html`${operation.module}: ${operation.operation}<br>${phaseName(operation)}<br>live: ${formatBytes(operation.liveBytes)}${lines}`
    .html;
}

/** The same as numbers: what is alive at the peak of each phase. */
function phasesTable(picture: Picture): Markup {
  const layers = layersOf(picture);
  const unit = unitOf(picture.peak.liveBytes);
  const rows = picture.phases.map((phase) => {
    const span = picture.operations.slice(phase.firstOperation, phase.lastOperation + 1);
    const most =
      phase.firstOperation +
      span.reduce((best, each, index) => (each.liveBytes > span[best]!.liveBytes ? index : best), 0);
    return [
      phaseName(phase),
      inUnit(phase.peakLiveBytes, unit),
      ...layers.map(({ bytes }) => inUnit(bytes[most]!, unit)),
    ];
  });
  return dataTable(
    `Alive at the peak of each phase, ${unit.name}`,
    ['phase', 'live', ...layers.map(({ name }) => name)],
    rows,
    `<>${'>'.repeat(layers.length)}`,
  );
}

export function putPlan({ stages, firstStageThatNeedsMore: more, command }: GrowthPlan): void {
  const rows = stages.map(({ hiddenDim, layers, batchSize, accumulate, checkpoint, memory, command: stage }) => [
    `${hiddenDim}/${layers}`,
    formatBytes(memory.range.highBytes),
    String(batchSize),
    String(accumulate),
    checkpoint.join('+') || 'none',
    html`<button type="button" class="apply" data-command="${stage}">Show</button>`,
  ]);
  put(
    'plan',
    rows.length === 0
      ? html`<p>No stage fits on this card.</p>`
      : dataTable(
          'Stages that fit, each as it is best trained',
          ['size', 'at most', 'batch', 'accumulate', 'recomputed', ''],
          rows,
          '<>>><<',
        ),
    ...(more === undefined
      ? []
      : [
          html`<p>${more.hiddenDim}/${more.layers} does not fit, however it is trained here${more.smallestDevice === undefined ? '' : `; the smallest card that takes it is ${more.smallestDevice}`}.</p>`,
        ]),
    html`<p class="soft">As in <code>${command}</code>, which says how each stage carries over to the next.</p>`,
  );
}
