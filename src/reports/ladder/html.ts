/** The page of a ladder: what real steps of growing sizes took, against the line of the estimate. */
import { configLine } from '../config-line.js';
import type { Layout, Renderer } from '../formats.js';
import { html } from '../pages/markup.js';
import { chartFigure, dataTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { subject } from '../subject.js';
import type { Ladder } from './schema.js';
import { ladderFrame, ladderOption } from './svg.js';
import { ladderAnswer, lawSentences, rows } from './table.js';

export async function loadLadderPage(): Promise<Renderer<Ladder>> {
  const renderSvg = await loadSvgRenderer();
  return (ladder, layout) => ladderPage(ladder, layout, renderSvg);
}

function ladderPage(ladder: Ladder, layout: Layout, renderSvg: RenderSvg): string {
  const { config, series, backend, assumptions, tool } = ladder;
  const { tone, head, rest } = ladderAnswer(ladder);
  const [tableHead = [], ...sizes] = rows(series);
  return renderPage({
    question: `Does the memory of ${config.model.name} grow as gc-plan claims?`,
    answer: { tone, text: head + rest },
    subject: subject(config),
    setting: `${configLine(ladder)} · ${backend.name} ${backend.version}, ${backend.device}`,
    sections: [
      section(
        'Predicted and measured',
        chartFigure('ladder', ({ id, widthPx }) =>
          renderSvg(ladderOption(ladder, widthPx), { ...ladderFrame(ladder, widthPx), id }),
        ),
        html`<p class="soft">The line is predicted, the points are measured.</p>`,
        dataTable('Peak of live bytes', ['along', 'size', ...tableHead.slice(2)], sizes, '<>>>>'),
      ),
      section('Laws', list(lawSentences(series))),
    ],
    assumptions,
    commands: typedCommand(layout, 'gc-plan verify --ladder'),
    tool,
    date: layout.date,
  });
}
