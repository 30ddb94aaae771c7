/** What a solution says, in one line. */
import type { ChalkInstance } from 'chalk';
import { cardName } from '../subject.js';
import { formatCount } from '../units.js';
import type { Solution } from './schema.js';

const superlative = {
  batch: 'largest',
  'hidden-dim': 'largest',
  layers: 'largest',
  rollout: 'largest',
  resolution: 'finest',
  'mesh-level': 'largest',
  gpus: 'smallest',
} as const;

export function answerLine({ for: key, best, next, refused, device }: Solution, style: ChalkInstance): string {
  if (best === undefined)
    return `${style.red.bold(`no --${key} fits on ${cardName({ device })}`)}: not even ${next?.value}`;
  const end = next
    ? `${next.value} does not fit`
    : refused
      ? `${refused.value} cannot run, since ${refused.reason} (${refused.source})`
      : 'the last that can be typed';
  return `${style.green.bold(`--${key} ${best.value}`)} is the ${superlative[key]} that fits on ${cardName({ device })}: ${end}`;
}

export const howMany = ({ numJudged, numValues }: Solution): string =>
  `${formatCount(numJudged)} priced in full${numJudged < numValues ? ', the others ruled out by their live arrays' : ''}`;
