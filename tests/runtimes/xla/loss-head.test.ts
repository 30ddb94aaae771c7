/** What XLA may choose in the loss, held against losses that it compiled. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gemmOf } from '../../../src/runtimes/xla/gemm.js';
import { lossHeadWidths } from '../../../src/runtimes/xla/loss-head-width.js';
import { lossHead, lossHeadColumns } from '../../../src/runtimes/xla/symbols.js';
import { priceRecord } from './price.js';
import { configOf, type JaxRecord, readRecords } from './records.js';

type CompiledLoss = Pick<JaxRecord, 'target' | 'grid' | 'pressure_levels' | 'batch' | 'bf16'> & {
  readonly arrays: number;
  readonly drawn?: true;
};

const losses = readFileSync('tests/data/xla-losses.jsonl', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line) as CompiledLoss);
const reading = 0.05;

const [example] = readRecords('tests/data/xla-gpu.jsonl');
const recordOf = (loss: Partial<JaxRecord>): JaxRecord => ({ ...example!, ar_steps: 1, ...loss });

/** Fewest and most arrays as wide as the prediction, the network's padded result among them. */
function endsOf(loss: CompiledLoss): readonly [number, number] {
  const config = configOf(recordOf(loss));
  const { outputChannels } = config.model;
  const { padding } = gemmOf(config);
  const [low, high] = lossHeadWidths(config).map((width) => {
    const columns = lossHeadColumns(config, [width]);
    const others = columns[lossHead.padded.symbol]! + columns[lossHead.differences.symbol]!;
    return 1 + (others + Math.ceil(outputChannels / padding) * padding) / outputChannels;
  });
  return [low!, high!];
}

describe('the arrays that meet in the loss', () => {
  it('are never fewer nor more, in any compiled loss, than XLA may choose', () => {
    expect(losses.length).toBeGreaterThan(135);
    for (const loss of losses) {
      const [low, high] = endsOf(loss);
      expect(loss.arrays, JSON.stringify(loss)).toBeGreaterThan(low - reading);
      expect(loss.arrays, JSON.stringify(loss)).toBeLessThan(high + reading);
    }
  });

  it('are a tie that falls to both sides in fp32 and on Hopper: some losses have two arrays, some ten', () => {
    const ties = losses.filter(({ target, bf16 }) => target === 'h100' || !bf16).map(({ arrays }) => arrays);
    expect(Math.min(...ties)).toBeLessThan(2.1);
    expect(Math.max(...ties)).toBeGreaterThan(10);
  });

  it('are eight transposed gradients and their sum wherever bf16 is added in f32, in losses drawn afterwards too', () => {
    const before = losses.filter(({ target, bf16 }) => bf16 && target !== 'h100');
    expect(before.filter(({ drawn }) => drawn).length).toBeGreaterThanOrEqual(10);
    for (const { arrays } of before) expect(arrays).toBeGreaterThan(9.9);
  });

  it('move both ends of the range by what they weigh, and in a rollout’s loop none', () => {
    // So narrow that the loss is the peak at either end: 9 widths and the difference of one variable apart.
    const narrow = recordOf({ latent_size: 8, gnn_msg_steps: 1, mesh_size: 2, gemm_mode: 'cublas', bf16: false });
    const { process, lossPeaks, argumentBytes } = priceRecord(narrow);
    const [rows, columns] = narrow.grid;
    const [low, high] = lossPeaks;
    expect(high - low).toBeGreaterThan(0.9 * (9 * 83 + 13) * rows * columns * 4);
    const arena = (bytes: number, bar: number) => argumentBytes + bar * (bytes - argumentBytes);
    // Constants stand beside them, and the allocator takes whole regions.
    for (const ratio of [process.range.lowBytes / arena(low, 0.97), process.range.highBytes / arena(high, 1.04)]) {
      expect(ratio).toBeGreaterThanOrEqual(1);
      expect(ratio).toBeLessThan(1.15);
    }
    expect(process.rangeReason).toContain('the low end of the range has 1, the high end has 10.');
    expect(priceRecord({ ...narrow, ar_steps: 2 }).process).not.toHaveProperty('rangeReason');
  });
});
