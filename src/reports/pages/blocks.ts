/** What pages are made of: sections, lists, tables, lines to copy, pictures. */

import { reasons } from '../estimate/numbers.js';
import { type Column, shownColumns } from '../formats.js';
import { escapeHtml, html, type Markup, trusted } from './markup.js';

/**
 * What is typed or pasted elsewhere names no folder of this machine: of a path from the root only the file is left. Code lines of ours
 * hold none.
 */
export const withoutFolders = (text: string): string =>
  text.replaceAll(/(^|[\s='",(])(?:~|[A-Za-z]:)?[\\/](?:[^\s\\/'",]+[\\/])+([^\s\\/'",]+)/g, '$1$2');

export const section = (title: string, ...content: readonly Markup[]): Markup => html`<section>
<h2>${title}</h2>
${content}
</section>
`;

/** The decisive reasons, where there is a card. */
export function whySection(estimate: Parameters<typeof reasons>[0]): readonly Markup[] {
  const why = reasons(estimate);
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

/**
 * `alignments`: `<` text or `>` number per column. The first column names the row. `rowIds`: what links can point to. `wideOnly`: columns
 * that a phone has no room for.
 */
export function dataTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  alignments: string,
  { rowIds, wideOnly = [] }: { readonly rowIds?: readonly string[]; readonly wideOnly?: readonly boolean[] } = {},
): Markup {
  const classOf = (column: number) => {
    const names = [alignments[column] === '>' ? 'number' : '', wideOnly[column] ? 'wide-only' : ''].filter(Boolean);
    return names.length === 0 ? undefined : trusted(` class="${names.join(' ')}"`);
  };
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
    { wideOnly: columns.map(({ dispensable }) => dispensable !== undefined) },
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
