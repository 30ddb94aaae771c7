/** One change at a time, the same for every format. */
import type { Column } from '../formats.js';
import { formatBytes, verdictWords } from '../units.js';
import type { Advice } from './schema.js';

export const formatCost = (relativeCost: number): string => `${relativeCost.toFixed(2)}×`;

export const changeColumns: readonly Column<Advice['changes'][number]>[] = [
  { title: '', alignment: '<', text: ({ verdict }) => verdictWords[verdict.kind] },
  { title: 'strategy', alignment: '<', text: ({ strategy }) => strategy, dispensable: 2 },
  { title: 'change', alignment: '<', text: ({ change }) => change },
  {
    title: 'saves',
    alignment: '>',
    text: ({ savedBytes }) => (savedBytes < 0 ? `−${formatBytes(-savedBytes)}` : formatBytes(savedBytes)),
    dispensable: 1,
  },
  { title: 'on card', alignment: '>', text: ({ deviceBytes }) => formatBytes(deviceBytes) },
  { title: 'work', alignment: '>', text: ({ relativeCost }) => formatCost(relativeCost) },
];
