/**
 * Real pipelined training steps: PhysicsNeMo's modules as stages (embedders and encoder, GraphCastProcessor, decoder and head) under
 * torch.distributed.pipelining (torch 2.13.0, nvidia-physicsnemo 2.2.2), one process per stage, gloo, tensors on the CPU, AdamW fused, two
 * steps; every storage that appears and dies was recorded, and `peakLiveBytes` is the second step's. `PipelineStage` talks to its neighbours
 * only, so the records' stages send grid nodes to their reader by a subclass that sets source and destination, as the traced frontend does.
 * Schedule1F1B waits for its sends in an order in which that hangs from four stages on (it did): with W = 4 and 1F1B the messages of the
 * grid nodes are left out, and with them the reference that a work object has on one micro-batch's grid rows (0.7 % of rank 0).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { traceOf } from '../../src/parallel/index.js';
import { rankTable } from '../../src/parallel/rank-table.js';

interface Record {
  readonly W: number;
  readonly M: number;
  readonly L: number;
  readonly H: number;
  readonly grid: readonly [number, number];
  readonly mesh: number;
  readonly cin: number;
  readonly cout: number;
  readonly schedule: '1f1b' | 'gpipe';
  readonly ck: string;
  readonly ranks: readonly {
    readonly peakLiveBytes: number;
    readonly parameterBytes: number;
    readonly layers: readonly [number, number];
  }[];
}

const file = new URL('../data/pytorch-pipeline.jsonl', import.meta.url);
const records = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record);

async function rowsOf({ W, M, L, H, grid, mesh, cin, cout, schedule, ck }: Record) {
  const flags = {
    ...{ grid: grid.join('x'), 'mesh-level': `${mesh}`, 'hidden-dim': `${H}`, layers: `${L}` },
    ...{ 'input-channels': `${cin}`, 'output-channels': `${cout}`, accumulate: `${M}`, checkpoint: ck },
    ...{ precision: 'fp32', 'concat-trick': 'off', 'recompute-activation': false },
    ...{ gpus: `${W}`, parallel: 'pipeline', 'pipeline-schedule': schedule },
  };
  const config = await resolveConfig({ model: 'physicsnemo-graphcast', flags });
  return rankTable(config, counts(config.model), traceOf(config));
}

describe('real pipelined steps, stage by stage', () => {
  it.each(records)('$W stages, $M micro-batches, $schedule, $L layers, checkpoint $ck', async (record) => {
    const rows = await rowsOf(record);
    expect(rows).toHaveLength(record.ranks.length);
    for (const [rank, { peakLiveBytes, parameterBytes }] of record.ranks.entries()) {
      const row = rows[rank]!;
      expect(row.byCategory.parameter).toBe(parameterBytes);
      const difference = Math.abs(row.peakLiveBytes - peakLiveBytes);
      if (record.W === 4 && record.schedule === '1f1b' && rank === 0)
        expect(difference / peakLiveBytes).toBeLessThan(0.01);
      // The loss's weights per channel lie on the CPU, which is the device there; on a GPU each micro-batch copies them.
      else expect(difference).toBeLessThanOrEqual(rank === record.W - 1 ? 4 * (2 * record.cout + 1) * record.M : 0);
    }
  });
});
