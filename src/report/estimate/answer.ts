import type { Answer } from '../answer.js';
import type { Estimate } from '../schemas/estimate.js';
import { formatBytes, formatBytesPair } from '../units.js';

export function estimateAnswer({ verdict, config, memory }: Estimate): Answer {
  const { lowBytes, highBytes } = memory.range;
  const card = config.device?.name ?? '';
  switch (verdict.kind) {
    case 'fits':
      return {
        tone: 'yes',
        head: `fits on ${card}`,
        rest: `: ${formatBytesPair(highBytes, verdict.usableBytes, 'of')} usable, ${formatBytes(verdict.headroomBytes)} to spare`,
      };
    case 'tight':
      return {
        tone: 'maybe',
        head: `tight on ${card}`,
        rest: `: ${formatBytesPair(lowBytes, highBytes, 'to')} needed, ${formatBytes(verdict.usableBytes)} usable`,
      };
    case 'exceeds':
      return {
        tone: 'no',
        head: `does not fit on ${card}`,
        rest: `: ${formatBytes(highBytes)} needed, ${formatBytes(verdict.usableBytes)} usable, ${formatBytes(verdict.shortfallBytes)} short`,
      };
    case 'unknown':
      return {
        tone: 'neutral',
        head: `needs ${formatBytes(highBytes)}`,
        rest: '; --gpu NAME or --vram SIZE says whether that fits',
      };
  }
}
