/** What lies on the card at the peak: the six categories, what the allocator holds beyond them, context and libraries. */
import { barChart, legend } from '../pages/bars.js';
import type { Markup } from '../pages/markup.js';
import { partColours } from '../pages/palette.js';
import { addingUp, formatBytesPair, unitOf } from '../units.js';
import { categories } from './numbers.js';
import type { AnyEstimate } from './schema.js';

export function onTheCard(estimate: AnyEstimate): readonly Markup[] {
  const { memory, verdict } = estimate;
  const unit = unitOf(memory.deviceBytes);
  const parts = [
    ...categories(estimate),
    ['allocator', memory.peakReservedBytes - memory.peakLiveBytes],
    ['context, libraries', memory.deviceBytes - memory.peakReservedBytes],
  ] as const;
  const texts = addingUp(
    parts.map(([, bytes]) => bytes),
    unit,
  );
  const coloured = parts.map(([name, bytes], index) => ({
    name,
    bytes,
    colour: partColours[name as keyof typeof partColours],
    text: `${texts[index]} ${unit.name}`,
  }));
  const limitBytes = 'usableBytes' in verdict ? verdict.usableBytes : undefined;
  const text =
    limitBytes === undefined
      ? `${texts.at(-1)} ${unit.name}`
      : `${formatBytesPair(memory.deviceBytes, limitBytes, 'of')} usable`;
  const bar = { name: 'on the card at the peak', text, parts: coloured, limitBytes };
  return [barChart(`Bytes on the card, ${unit.name}`, [bar]), legend(coloured)];
}
