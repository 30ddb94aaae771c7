/** Bars of bytes in HTML: they take the width that there is, their text is text, and each may have the limit of its card. */
import type { Estimate } from '../estimate/schema.js';
import { type ByteUnit, formatBytes, formatBytesPair, unitOf, verdictWords } from '../units.js';
import { html, type Markup, trusted } from './markup.js';
import { verdictColours, verdictMarks } from './palette.js';

type Verdict = Estimate['verdict'];

export interface Bar {
  readonly name: string;
  /** What the bar shows, in words. */
  readonly text: string;
  /** From left to right. */
  readonly parts: readonly { readonly bytes: number; readonly colour: string }[];
  /** What the card has. */
  readonly limitBytes?: number | undefined;
}

/** Of the upper end of a range, in the colour of its verdict. */
export function verdictBar(name: string, verdict: Verdict, { highBytes }: { readonly highBytes: number }): Bar {
  const colour = verdictColours[verdict.kind];
  const parts = [{ bytes: highBytes, colour }];
  if (!('usableBytes' in verdict)) return { name, text: formatBytes(highBytes), parts };
  const { usableBytes, kind } = verdict;
  const text = `${verdictMarks[kind]} ${verdictWords[kind]}: ${formatBytesPair(highBytes, usableBytes, 'of')} usable`;
  return { name, text, parts, limitBytes: usableBytes };
}

/** `title` says what is measured, for the eye and for a screen reader. */
export function barChart(title: string, bars: readonly Bar[]): Markup {
  const lengths = bars.flatMap(({ parts, limitBytes = 0 }) => [sumOf(parts), limitBytes]);
  const axis = axisFor(Math.max(...lengths));
  const percent = (bytes: number) => `${((100 * bytes) / axis.endBytes).toFixed(2)}%`;
  const isLimited = bars.some(({ limitBytes }) => limitBytes !== undefined);
  return html`<figure class="bars">
<figcaption>${title}${isLimited ? html` <span class="key"><span class="limit"></span>what the card has</span>` : ''}</figcaption>
<ul>
${bars.map(
  ({ name, text, parts, limitBytes }) => html`<li><span class="name">${name}</span> <span class="text">${text}</span>
<span class="track" aria-hidden="true">${parts.map(({ bytes, colour }) => html`<span class="part"${style(`width:${percent(bytes)};background:${colour}`)}></span>`)}${
    limitBytes === undefined ? '' : html`<span class="limit"${style(`left:${percent(limitBytes)}`)}></span>`
  }</span></li>
`,
)}</ul>
<div class="axis" aria-hidden="true">${axis.ticks.map((tick) => html`<span${style(`left:${percent(tick * axis.unit.bytes)}`)}>${String(tick)}</span>`)}<span class="unit">${axis.unit.name}</span></div>
</figure>
`;
}

export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly text: string;
}

export const legend = (entries: readonly LegendEntry[]): Markup => html`<ul class="legend">
${entries.map(({ name, colour, text }) => html`<li><span class="swatch"${style(`background:${colour}`)}></span>${name} ${text}</li>\n`)}</ul>
`;

const style = (rules: string): Markup => trusted(` style="${rules}"`);

const sumOf = (parts: Bar['parts']): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

interface Axis {
  readonly unit: ByteUnit;
  /** In the unit. */
  readonly ticks: readonly number[];
  readonly endBytes: number;
}

const mostTicks = 5;

/** Ticks at 1, 2 or 5 of a power of ten. */
function axisFor(largestBytes: number): Axis {
  const unit = unitOf(largestBytes);
  const largest = Math.max(1, largestBytes / unit.bytes);
  const power = 10 ** Math.floor(Math.log10(largest / mostTicks));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each * mostTicks >= largest)!;
  const numSteps = Math.ceil(largest / step);
  const ticks = Array.from({ length: numSteps + 1 }, (_, index) => Number((index * step).toPrecision(6)));
  return { unit, ticks, endBytes: numSteps * step * unit.bytes };
}
