/**
 * PhysicsNeMo's own scaling figure of its shallow-water example (examples/cfd/swe_distributed_gnn/README.md,
 * memory_scaling_dim128.png, added in PR #400, May 2024), read off the figure to about 1.5 %: highest reserved GiB per GPU.
 */
import { standInDevice } from '../../src/config/device.js';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { price } from '../../src/price.js';
import { GiB } from '../../src/units.js';

interface Row {
  readonly resolution: string;
  readonly grid: string;
  readonly meshLevel: string;
  /** GPUs → GiB; where ranks differ, the highest. */
  readonly published: Readonly<Record<string, number>>;
}

const rows: readonly Row[] = [
  { resolution: '0.5', grid: '360x720', meshLevel: '6', published: { 1: 27.2, 2: 14.35, 4: 7.36, 8: 3.89, 16: 2.6 } },
  { resolution: '0.25', grid: '720x1440', meshLevel: '6', published: { 1: 59.3, 2: 30.5, 4: 15.3, 8: 8.4, 16: 5.4 } },
  { resolution: '0.5', grid: '360x720', meshLevel: '7', published: { 2: 41.0, 4: 21.1, 8: 10.8, 16: 7.6 } },
  { resolution: '0.25', grid: '720x1440', meshLevel: '7', published: { 2: 54.8, 4: 28.3, 8: 14.9, 16: 10 } },
  { resolution: '0.125', grid: '1440x2880', meshLevel: '6', published: { 4: 53.3, 8: 28.5, 16: 17.8 } },
  { resolution: '0.125', grid: '1440x2880', meshLevel: '7', published: { 4: 66.7, 8: 35.1, 16: 25 } },
];

export interface Cell {
  readonly gpus: number;
  readonly published: number;
  readonly predicted: number;
  readonly errorPercent: number;
}

export interface PricedRow {
  readonly name: string;
  readonly cells: readonly Cell[];
}

async function cellOf({ grid, meshLevel }: Row, gpus: string, published: number): Promise<Cell> {
  const flags = { grid, 'mesh-level': meshLevel, ...(gpus !== '1' && { gpus, parallel: 'graph' }) };
  const config = await resolveConfig({ model: 'physicsnemo-swe', flags });
  const { process } = price(config, counts(config.model), standInDevice());
  const predicted = process.peakReservedBytes / GiB;
  return { gpus: Number(gpus), published, predicted, errorPercent: 100 * (predicted / published - 1) };
}

export async function sweTable(): Promise<readonly PricedRow[]> {
  const priced: PricedRow[] = [];
  for (const row of rows) {
    const cells: Cell[] = [];
    for (const [gpus, published] of Object.entries(row.published)) cells.push(await cellOf(row, gpus, published));
    priced.push({ name: `${row.resolution}° / M${row.meshLevel}`, cells });
  }
  return priced;
}

const numsGpus = [1, 2, 4, 8, 16];

export function asMarkdown(table: readonly PricedRow[]): string {
  const text = (cell: Cell | undefined) =>
    cell === undefined
      ? '–'
      : `${cell.predicted.toFixed(2)} (${cell.published}, ${cell.errorPercent >= 0 ? '+' : '−'}${Math.abs(cell.errorPercent).toFixed(1)} %)`;
  return [
    `| grid / mesh | ${numsGpus.map((gpus) => `${gpus} GPU${gpus > 1 ? 's' : ''}`).join(' | ')} |`,
    `|---|${numsGpus.map(() => '---').join('|')}|`,
    ...table.map(
      ({ name, cells }) =>
        `| ${name} | ${numsGpus.map((gpus) => text(cells.find((cell) => cell.gpus === gpus))).join(' | ')} |`,
    ),
  ].join('\n');
}
