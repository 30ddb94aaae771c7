/** The rows of a comparison that every format shows. */
import {
  formatBytesPair,
  formatCount,
  formatFlops,
  inUnit,
  leftOver,
  partName,
  unitOf,
  unitOfAll,
  verdictWords,
} from '../units.js';
import type { Comparison } from './schema.js';

/** Of the numbers as they are printed beside it, so that they add up; nothing where they are the same. */
function difference(before: number, after: number, unit: ReturnType<typeof unitOf>): string {
  const added = Number(inUnit(after, unit)) - Number(inUnit(before, unit));
  const digits = Math.abs(added).toFixed(unit.name === 'B' ? 0 : 2);
  return Number(digits) === 0 ? '' : `${added > 0 ? '+' : '−'}${digits}`;
}

/** `[because of, added, on the card]` */
export const causeRows = ({ causes }: Comparison): readonly (readonly string[])[] =>
  causes.map(({ change, addedBytes, deviceBytes }) => {
    const unit = unitOf(deviceBytes);
    return [
      change,
      difference(deviceBytes - addedBytes, deviceBytes, unit),
      `${inUnit(deviceBytes, unit)} ${unit.name}`,
    ];
  });

type Part = Comparison['categories'][number];

/** The largest differences first; what is more than `most` rows in one. */
export function moduleRows({ modules }: Comparison, most = Number.POSITIVE_INFINITY): readonly (readonly string[])[] {
  const difference = ({ beforeBytes, afterBytes }: Part) => Math.abs(afterBytes - beforeBytes);
  const parts = modules
    .map((part) => ({ ...part, name: partName(part.name) }))
    .toSorted((a, b) => difference(b) - difference(a));
  if (parts.length <= most) return partRows(parts);
  const sum = (of: (part: Part) => number) => parts.slice(most - 1).reduce((total, part) => total + of(part), 0);
  const others = {
    name: 'others',
    beforeBytes: sum(({ beforeBytes }) => beforeBytes),
    afterBytes: sum(({ afterBytes }) => afterBytes),
  };
  return partRows([...parts.slice(0, most - 1), others]);
}

export function partRows(parts: readonly Part[]): readonly (readonly string[])[] {
  const unit = unitOf(Math.max(...parts.flatMap(({ beforeBytes, afterBytes }) => [beforeBytes, afterBytes])));
  const shown = parts.filter(({ beforeBytes, afterBytes }) => beforeBytes > 0 || afterBytes > 0);
  return shown.map(({ name, beforeBytes, afterBytes }) => [
    name,
    `${inUnit(beforeBytes, unit)} ${unit.name}`,
    `${inUnit(afterBytes, unit)} ${unit.name}`,
    difference(beforeBytes, afterBytes, unit),
  ]);
}

export function totalRows({ before, after }: Comparison): readonly (readonly string[])[] {
  const bytes = (name: string, of: (side: Comparison['before']) => number) => {
    const unit = unitOf(Math.max(of(before), of(after)));
    const text = (side: Comparison['before']) => `${inUnit(of(side), unit)} ${unit.name}`;
    return [name, text(before), text(after), difference(of(before), of(after), unit)];
  };
  const steps = ({ cost }: Comparison['before']) => (cost === undefined ? 0 : cost.trainFlops || cost.forwardFlops);
  return [
    ['parameters', formatCount(before.parameters), formatCount(after.parameters), ''],
    bytes('live', ({ memory }) => memory.peakLiveBytes),
    bytes('reserved', ({ memory }) => memory.peakReservedBytes),
    bytes('on the card', ({ memory }) => memory.deviceBytes),
    bytes('at most', ({ memory }) => memory.range.highBytes),
    ...('usableBytes' in before.verdict && 'usableBytes' in after.verdict
      ? [bytes('usable', ({ verdict }) => ('usableBytes' in verdict ? verdict.usableBytes : 0))]
      : []),
    ['verdict', verdictWords[before.verdict.kind], verdictWords[after.verdict.kind], ''],
    ...(before.cost === undefined || after.cost === undefined
      ? []
      : [
          [
            'work',
            formatFlops(steps(before)),
            formatFlops(steps(after)),
            `${(steps(after) / steps(before)).toFixed(2)}×`,
          ],
        ]),
  ];
}

export function answerOf({ before, after, addedBytes }: Comparison) {
  const [from, to] = [before.verdict.kind, after.verdict.kind];
  const verdicts =
    from !== to
      ? `; ${verdictWords[from]} → ${verdictWords[to]}`
      : from === 'unknown'
        ? ''
        : `; ${verdictWords[to]} before and after`;
  const [smaller, larger] = [before.memory.deviceBytes, after.memory.deviceBytes].toSorted((a, b) => a - b);
  const unit = unitOfAll([larger!]);
  const head =
    addedBytes === 0
      ? 'the same memory'
      : `${leftOver(larger!, smaller!, unit)} ${unit.name} ${addedBytes > 0 ? 'more' : 'less'}`;
  const rest = `: ${formatBytesPair(before.memory.deviceBytes, after.memory.deviceBytes, '→')} on the card${verdicts}`;
  return {
    tone: to === 'exceeds' ? ('no' as const) : to === 'tight' ? ('maybe' as const) : ('yes' as const),
    head,
    rest,
  };
}
