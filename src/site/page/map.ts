/** Width × layers around the configuration of the page: which of them fit. */

import type { Question } from '../../options/address.js';
import { html, type Markup } from '../../reports/pages/markup.js';
import { verdictMarks } from '../../reports/pages/palette.js';
import { inUnit, unitOf } from '../../reports/units.js';
import { GiB } from '../../units.js';
import type { Answer, Cell } from '../engine.js';
import { byId, put } from './drawing.js';
import type { Search } from './estimator.js';
import type { ControlPanel } from './panel.js';

const mostOfMap = 7;

export async function fillMap(
  question: Question,
  { estimate }: Answer,
  panel: ControlPanel,
  search: Search,
): Promise<void> {
  const { config, verdict } = estimate;
  byId('map-section').hidden = 'trace' in config;
  if ('trace' in config) return;
  const { hiddenDim, layers } = config.model;
  const frame: MapFrame = {
    widths: around(panel.stops('hidden-dim'), hiddenDim),
    depths: around(panel.stops('layers'), layers),
    now: { hiddenDim, layers },
    usableBytes: 'usableBytes' in verdict ? verdict.usableBytes : undefined,
  };
  const cells: (Cell | undefined)[] = [];
  drawMap(cells, frame);
  for (const width of frame.widths) {
    for (const depth of frame.depths)
      cells.push(await search({ kind: 'cell', question, hiddenDim: width, layers: depth }));
    drawMap(cells, frame);
  }
}

/** The sizes of a slider around the one that holds. */
function around(stops: readonly number[], value: number): readonly number[] {
  const at = stops.indexOf(value);
  const from = Math.max(0, Math.min(at - Math.floor(mostOfMap / 2), stops.length - mostOfMap));
  return stops.slice(from, from + mostOfMap);
}

/** Width × layers: each cell is a button that makes it the configuration of the page. */
function drawMap(cells: readonly (Cell | undefined)[], { widths, depths, now, usableBytes }: MapFrame): void {
  const at = (row: number, column: number) =>
    column < depths.length ? cells[row * depths.length + column] : undefined;
  const isPriced = (cell: Cell | undefined) => cell !== undefined && cell.kind !== 'impossible';
  const fits = (cell: Cell | undefined) => cell?.kind === 'fits' || cell?.kind === 'tight';
  const edges = (row: number, column: number) => {
    const cell = at(row, column);
    const next = [at(row, column + 1), at(row + 1, column)];
    return next
      .map((other, side) =>
        isPriced(cell) && isPriced(other) && fits(cell) !== fits(other) ? ['edge-right', 'edge-below'][side]! : '',
      )
      .join(' ');
  };
  const caption =
    usableBytes === undefined
      ? 'Width downwards, layers to the right; GiB at most. Choose a card to see which of them fit.'
      : `Width downwards, layers to the right; GiB at most, of ${inUnit(usableBytes, unitOf(GiB))} usable: ✓ fits, ≈ may fit, ✗ does not. The line is the card’s limit.`;
  byId('map-caption').textContent = caption;
  const focused = document.activeElement?.closest('#map button')?.getAttribute('data-cell');
  put(
    'map',
    html`<table class="map" aria-labelledby="map-title" aria-describedby="map-caption">
<thead><tr><th scope="col">width</th>${depths.map((layers) => html`<th scope="col">${layers}</th>`)}</tr></thead>
<tbody>${widths.map(
      (hiddenDim, row) =>
        html`<tr><th scope="row" class="number">${hiddenDim}</th>${depths.map((layers, column) => {
          const cell = at(row, column);
          const isNow = hiddenDim === now.hiddenDim && layers === now.layers;
          return html`<td class="${edges(row, column)}">${cellButton(cell, { hiddenDim, layers, isNow, key: `${row}/${column}` })}</td>`;
        })}</tr>`,
    )}</tbody></table>`,
  );
  if (focused) document.querySelector<HTMLElement>(`#map [data-cell="${focused}"]`)?.focus();
}

interface MapFrame {
  readonly widths: readonly number[];
  readonly depths: readonly number[];
  readonly now: { readonly hiddenDim: number; readonly layers: number };
  readonly usableBytes: number | undefined;
}

interface Place {
  readonly hiddenDim: number;
  readonly layers: number;
  readonly isNow: boolean;
  readonly key: string;
}

const cellWords = {
  fits: 'fits',
  tight: 'may fit',
  exceeds: 'does not fit',
  unknown: '',
  impossible: 'cannot be',
} as const;

function cellButton(cell: Cell | undefined, { hiddenDim, layers, isNow, key }: Place): Markup {
  if (cell === undefined) return html`<span class="pending">…</span>`;
  const { kind, highBytes } = cell;
  if (kind === 'impossible' || highBytes === undefined) return html`<span class="pending" title="cannot be">–</span>`;
  const gibibytes = (highBytes / GiB).toFixed(highBytes < 100 * GiB ? 1 : 0);
  const label = `width ${hiddenDim}, ${layers} layers: ${gibibytes} GiB ${cellWords[kind]}`;
  return html`<button type="button" class="${kind}" data-cell="${key}" data-width="${hiddenDim}" data-layers="${layers}" aria-label="${label}" aria-pressed="${isNow ? 'true' : 'false'}" tabindex="${isNow ? 0 : -1}">${verdictMarks[kind]} ${gibibytes}</button>`;
}

/** Arrow keys walk through the map, of which one cell is in the order of tabs. */
export function moveInMap(event: KeyboardEvent): void {
  const [down, right] = (
    { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] } as Record<string, [number, number]>
  )[event.key] ?? [0, 0];
  const from = (event.target as HTMLElement).dataset.cell?.split('/').map(Number);
  if (from === undefined || (down === 0 && right === 0)) return;
  const to = byId('map').querySelector<HTMLElement>(`[data-cell="${from[0]! + down}/${from[1]! + right}"]`);
  if (to === null) return;
  event.preventDefault();
  to.focus();
}
