import { describe, expect, it } from 'vitest';
import { countParameters } from '../../../src/ir/forward-program.js';
import { replayCaching } from '../../../src/memory/allocators/replay.js';
import { liveness } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { dimensionsOf } from '../../../src/models/dimensions.js';
import { programOf, runtimes } from '../../../src/parallel/index.js';
import { MiB } from '../../../src/units.js';
import { reflowed } from '../../docs/prose.js';
import { errorPercent } from '../../statistics.js';
import { type RankOutcome, shardingPage } from './anemoi-sharded-page.js';
import {
  configOf,
  countsOf,
  givenRanks,
  shardedHoldout,
  type TransformerRecord,
  wrapped,
} from './anemoi-transformer-records.js';

/** The rank of the record, which need not be the worst. */
function outcomeOf(record: TransformerRecord): RankOutcome {
  const config = configOf(record);
  const base = dimensionsOf(config, countsOf(record));
  const { trace, dimensions } = runtimes.pytorch.stepOfRank(config, base, record.rank ?? 0);
  const bytes = bufferBytes(trace, dimensions);
  const reserved = (expandable: boolean) => {
    const replay = replayCaching(trace.events, bytes, { expandable });
    if (replay.kind !== 'ran') throw new Error('ran out of unlimited memory');
    return replay.peakReservedBytes;
  };
  return {
    record,
    numParameters: countParameters(programOf(config), dimensions).count,
    liveBytes: liveness(trace, dimensions, bytes).peak.liveBytes,
    nativeBytes: reserved(false),
    expandableBytes: reserved(true),
  };
}

const given = givenRanks.map(outcomeOf);
const drawn = shardedHoldout.map(outcomeOf);
const ofWrapped = wrapped.map(outcomeOf);
const all = [...given, ...drawn, ...ofWrapped];

describe('one anemoi model over several cards', () => {
  it('counts the parameters of every record to the unit: every card has all', () => {
    for (const { numParameters, record } of all) expect(numParameters).toBe(record.num_params);
  });

  it('predicts the live peak of the given ranks within 0.006 %', () => {
    expect(given.length).toBe(7);
    for (const { liveBytes, record } of given)
      expect(Math.abs(errorPercent(liveBytes, record.peak_requested_bytes))).toBeLessThan(0.006);
  });

  it('predicts the live peak of ranks of 2, 4 and 8 cards drawn at random within 0.011 %', () => {
    expect(drawn.length).toBe(60);
    for (const { liveBytes, record } of drawn)
      expect(Math.abs(errorPercent(liveBytes, record.peak_requested_bytes))).toBeLessThan(0.011);
  });

  it('predicts what both allocators reserve: the given ranks to the byte, the drawn ones within a segment of 2 MiB', () => {
    for (const { nativeBytes, expandableBytes, record } of given) {
      expect(nativeBytes).toBe(record.peak_reserved_bytes);
      expect(expandableBytes).toBe(record.peak_reserved_expandable_bytes);
    }
    for (const { nativeBytes, expandableBytes, record } of drawn) {
      expect(Math.abs(nativeBytes - record.peak_reserved_bytes)).toBeLessThanOrEqual(2 * MiB);
      expect(Math.abs(expandableBytes - record.peak_reserved_expandable_bytes)).toBeLessThanOrEqual(2 * MiB);
    }
  });

  it('predicts the live peak under DistributedDataParallel on one card within 0.011 %: its bucket is one copy of the parameters', () => {
    expect(ofWrapped.length).toBe(15);
    for (const { liveBytes, record } of ofWrapped)
      expect(Math.abs(errorPercent(liveBytes, record.peak_requested_bytes))).toBeLessThan(0.011);
  });

  it('writes docs/model-parallel.md as it is committed', async () => {
    await expect(reflowed(await shardingPage(given, drawn, ofWrapped))).toMatchFileSnapshot(
      '../../../docs/model-parallel.md',
    );
  });
});
