/** What a solution says, in one line. */
import type { Answer } from '../formats.js';
import { cardName } from '../subject.js';
import { formatCount, formatFlops } from '../units.js';
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

export function solutionAnswer({ for: key, best, next, refused, device, withPlan }: Solution): Answer {
  const card = cardName({ device });
  if (best === undefined) return { tone: 'no', head: `no --${key} fits on ${card}`, rest: `: not even ${next?.value}` };
  const end = next
    ? `${next.value} does not fit`
    : refused
      ? `${refused.value} cannot run, since ${refused.reason} (${refused.source})`
      : 'the last that can be typed';
  return {
    tone: 'yes',
    head: `--${key} ${best.value}`,
    rest: ` is the ${superlative[key]} that fits on ${card}${withPlan ? ' as it is' : ''}: ${end}${withPlan ? `; with another plan ${withPlan.value} is` : ''}`,
  };
}

export const workPerSample = ({ cost, config }: NonNullable<Solution['best']>): string =>
  formatFlops((cost.trainFlops || cost.forwardFlops) / config.recipe.batchSize);

export const howMany = ({ numJudged, numValues }: Solution): string =>
  `${formatCount(numJudged)} priced in full${numJudged < numValues ? ', the others ruled out by their live arrays' : ''}`;
