import type { Answer } from '../answer.js';
import { formatBytes, formatBytesPair } from '../units.js';
import type { AnyEstimate } from './schema.js';

/** The card as its user named it; of one that was named by its size also the generation that is taken. */
export function cardName({ device }: Pick<AnyEstimate['config'], 'device'>): string {
  if (device === null) return '';
  return device.architecture === undefined ? device.name : `${device.name} (${device.architecture})`;
}

export function estimateAnswer({ verdict, config, memory, onCard }: AnyEstimate): Answer {
  const { lowBytes, highBytes } = memory.range;
  const card = cardName(config);
  const precision = onCard?.precision === undefined ? '' : `; ${onCard.precision}`;
  switch (verdict.kind) {
    case 'fits':
      return {
        tone: 'yes',
        head: `fits on ${card}`,
        rest: `: ${formatBytesPair(highBytes, verdict.usableBytes, 'of')} usable, ${formatBytes(verdict.headroomBytes)} to spare${precision}`,
      };
    case 'tight':
      return {
        tone: 'maybe',
        head: `tight on ${card}`,
        rest: `: ${formatBytesPair(lowBytes, highBytes, 'to')} needed, ${formatBytes(verdict.usableBytes)} usable${precision}`,
      };
    case 'exceeds':
      return {
        tone: 'no',
        head: `does not fit on ${card}`,
        rest: `: ${formatBytes(highBytes)} needed, ${formatBytes(verdict.usableBytes)} usable, ${formatBytes(verdict.shortfallBytes)} short${precision}`,
      };
    case 'unknown':
      return {
        tone: 'neutral',
        head: `needs ${formatBytes(highBytes)}`,
        rest: '; --gpu NAME or --vram SIZE says whether that fits',
      };
  }
}
