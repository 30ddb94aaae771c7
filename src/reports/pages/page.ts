/** One page to send to a colleague: question, answer, numbers, assumptions, accuracy, how to reproduce. It fetches nothing. */
import { readAsset } from '../../config/assets.js';
import type { Answer } from '../answer.js';
import { type Column, shownColumns } from '../columns.js';
import { accuracy as accuracyText } from '../estimate/numbers.js';
import type { Estimate } from '../estimate/schema.js';
import type { Layout } from '../formats.js';
import { escapeHtml, html, type Markup, trusted } from './markup.js';

interface PageAnswer extends Pick<Answer, 'tone'> {
  readonly text: string;
}

export interface Page {
  readonly question: string;
  readonly answer: PageAnswer;
  /** Model, code base, resolution, width and layers, precision, card. */
  readonly subject?: string;
  /** The configuration in one line. */
  readonly setting: string;
  readonly sections: readonly Markup[];
  readonly assumptions: readonly string[];
  readonly accuracy?: Accuracy;
  /** What to type to get the same numbers. */
  readonly commands: readonly string[];
  readonly tool: { readonly name: string; readonly version: string };
  /** After everything else, e.g. a script. */
  readonly tail?: Markup;
}

type Accuracy = Estimate['accuracy'];

/** Nothing but what is on the page: no request may leave it. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

export function renderPage(page: Page): string {
  const { question, answer, subject, setting, sections, assumptions, accuracy, commands, tool, tail } = page;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${tool.name} ${tool.version}">
<title>${[question, subject].filter(Boolean).join(' · ')}</title>
<style>
${trusted(readAsset('reports/pages/page.css'))}</style>
</head>
<body>
<main>
<h1>${question}</h1>
<p class="answer ${answer.tone}">${answer.text}</p>
${subject && html`<p class="soft">${subject}</p>`}
<p class="soft">${setting}</p>
${sections}
${section('Assumptions', list(assumptions.length > 0 ? assumptions : ['None beyond the configuration above.']))}
${accuracy && section('How accurate', accuracyLine(accuracy))}
${section('How to reproduce', html`<pre tabindex="0"><code>${reproduction(commands, subject)}</code></pre>`)}
</main>
<footer>${tool.name} ${tool.version} predicts GPU memory from the list of arrays that one step allocates; measured are its error bars and how XLA compiles the loss and recomputes.</footer>
${tail}
</body>
</html>`.html;
}

/** The first command with what it is about behind it, as a shell's comment. */
const reproduction = ([first = '', ...others]: readonly string[], subject: string | undefined): string =>
  [subject === undefined ? first : `${first}  # ${subject}`, ...others].join('\n');

export const section = (title: string, ...content: readonly Markup[]): Markup => html`<section>
<h2>${title}</h2>
${content}
</section>
`;

export const list = (items: readonly string[]): Markup => html`<ul>
${items.map((item) => html`<li>${item}</li>\n`)}</ul>`;

export type Cell = string | Markup;

/** `alignments`: `<` text or `>` number per column. The first column names the row. `rowIds`: what links can point to. */
export function dataTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  alignments: string,
  rowIds?: readonly string[],
): Markup {
  const classOf = (column: number) => (alignments[column] === '>' ? trusted(' class="number"') : undefined);
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${head.map((name, column) => html`<th scope="col"${classOf(column)}>${name}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row, index) =>
    html`<tr${rowIds && trusted(` id="${escapeHtml(rowIds[index]!)}"`)}>${row.map((cell, column) =>
      column === 0 ? html`<th scope="row"${classOf(0)}>${cell}</th>` : html`<td${classOf(column)}>${cell}</td>`,
    )}</tr>\n`,
)}</tbody>
</table>
</div>
`;
}

export function columnTable<Row>(caption: string, all: readonly Column<Row>[], rows: readonly Row[]): Markup {
  const columns = shownColumns(all, rows);
  return dataTable(
    caption,
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ text }) => text(row))),
    columns.map(({ alignment }) => alignment).join(''),
  );
}

/** An SVG of ours; its title is inside. */
export const figure = (svg: string): Markup => html`<figure class="chart" tabindex="0">${trusted(svg)}</figure>\n`;

const accuracyLine = (figures: Accuracy): Markup => html`<p>${accuracyText({ accuracy: figures })}</p>`;
/** The command line as it was typed, where a command line was typed. */
export const typedCommand = ({ command }: Layout, otherwise: string): readonly string[] => [command ?? otherwise];
