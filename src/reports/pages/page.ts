/** One page to send to a colleague: question, answer, numbers, assumptions, accuracy, how to reproduce. It fetches nothing. */
import { readAsset } from '../../config/assets.js';
import type { Answer } from '../answer.js';
import { type Column, shownColumns } from '../columns.js';
import { accuracy as accuracyText, reasons } from '../estimate/numbers.js';
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
  /** The day on which it was made. */
  readonly date?: string | undefined;
  /** After everything else, e.g. a script. */
  readonly tail?: Markup;
}

type Accuracy = Estimate['accuracy'];

/**
 * What is typed or pasted elsewhere names no folder of this machine: of a path from the root only the file is left. Code lines of ours
 * hold none.
 */
export const withoutFolders = (text: string): string =>
  text.replaceAll(/(^|[\s='",(])(?:~|[A-Za-z]:)?[\\/](?:[^\s\\/'",]+[\\/])+([^\s\\/'",]+)/g, '$1$2');

/** Nothing but what is on the page: no request may leave it. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

export function renderPage(page: Page): string {
  const { answer, sections, accuracy, tool, date, tail } = page;
  const [question, setting] = [page.question, page.setting].map(withoutFolders);
  const subject = page.subject && withoutFolders(page.subject);
  const assumptions = page.assumptions.map(withoutFolders);
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
<p class="answer ${answer.tone}">${withoutFolders(answer.text)}</p>
${subject && html`<p class="soft">${subject}</p>`}
<p class="soft">${setting}</p>
${sections}
${section('Assumptions', list(assumptions.length > 0 ? assumptions : ['None beyond the configuration above.']))}
${accuracy && section('How accurate', accuracyLine(accuracy))}
<section id="reproduce">
<h2>How to reproduce</h2>
${codeBlock(reproduction(page.commands, subject))}</section>
</main>
<footer>${tool.name} ${tool.version}${date && html`, ${date}`}. It predicts GPU memory from the list of arrays that one step allocates; measured are its error bars and how XLA compiles the loss and recomputes.</footer>
<script>
${trusted(readAsset('reports/pages/browser/copy.js'))}</script>
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

/** The decisive reasons, where there is a card. */
export function whySection(judged: Parameters<typeof reasons>[0]): readonly Markup[] {
  const why = reasons(judged);
  return why.length === 0 ? [] : [section('Why', list(why))];
}

export const list = (items: readonly string[]): Markup => html`<ul>
${items.map((item) => html`<li>${item}</li>\n`)}</ul>`;

export type Cell = string | Markup;

/** What is typed or pasted, with a button that copies it. */
export const codeBlock = (text: string): Markup =>
  html`<div class="code"><pre><code>${withoutFolders(text)}</code></pre></div>\n`;

/** Lines for the user's own code, each under the place where it goes. */
export const codeLines = (code: readonly { readonly where: string; readonly text: string }[]): readonly Markup[] =>
  code.map(({ where, text }) => html`<p class="where">${where}</p>\n${codeBlock(text)}`);

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
<thead><tr>${head.map((name, column) =>
    name === '' ? html`<td></td>` : html`<th scope="col"${classOf(column)}>${name}</th>`,
  )}</tr></thead>
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

/** A chart of ours as a picture for wide screens and one for phones, in both of which its letters are as large as the page's. */
export const chartFigure = (
  id: string,
  draw: (frame: { readonly id: string; readonly widthPx: number }) => string,
): Markup =>
  html`<figure class="chart" id="${id}">
<div class="wide">${trusted(draw({ id: `${id}-wide`, widthPx: 960 }))}</div>
<div class="narrow">${trusted(draw({ id: `${id}-narrow`, widthPx: 358 }))}</div>
</figure>
`;

const accuracyLine = (figures: Accuracy): Markup => html`<p>${accuracyText({ accuracy: figures })}</p>`;
/** The command line as it was typed, where a command line was typed. */
export const typedCommand = ({ command }: Layout, otherwise: string): readonly string[] => [command ?? otherwise];
