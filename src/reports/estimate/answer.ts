import type { Answer } from '../formats.js';
import { cardName } from '../subject.js';
import { formatBytes, formatBytesPair, inUnit, leftOver, unitOfAll, verdictWords } from '../units.js';
import type { AnyEstimate } from './schema.js';

/** The numbers of one answer are in one unit and add up. */
export function estimateAnswer({
  verdict,
  config,
  memory,
}: Pick<AnyEstimate, 'verdict' | 'config' | 'memory'>): Answer {
  const { lowBytes, highBytes } = memory.range;
  if (verdict.kind === 'unknown')
    return {
      tone: 'neutral',
      head: `needs at most ${formatBytes(highBytes)}`,
      rest: '; --gpu NAME or --vram SIZE says whether that fits',
    };
  const { usableBytes } = verdict;
  const unit = unitOfAll([highBytes, usableBytes]);
  const head = `${verdictWords[verdict.kind]} on ${cardName(config)}`;
  switch (verdict.kind) {
    case 'fits':
      return {
        tone: 'yes',
        head,
        rest: `: at most ${formatBytesPair(highBytes, usableBytes, 'of')} usable, ${leftOver(usableBytes, highBytes, unit)} spare`,
      };
    case 'tight':
      return {
        tone: 'maybe',
        head,
        rest: `: ${inUnit(lowBytes, unit)} to ${inUnit(highBytes, unit)} ${unit.name} of ${inUnit(usableBytes, unit)} usable, ${leftOver(highBytes, usableBytes, unit)} short at worst`,
      };
    case 'exceeds':
      return {
        tone: 'no',
        head,
        rest: `: needs up to ${inUnit(highBytes, unit)} ${unit.name}, ${inUnit(usableBytes, unit)} usable, ${leftOver(highBytes, usableBytes, unit)} short`,
      };
  }
}
