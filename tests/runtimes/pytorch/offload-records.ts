/** Ground truth of 8-bit and factored optimizers and of what waits on the host; see the first line of the data file. */
import { readFileSync } from 'node:fs';
import type { Config, Offload, Optimizer } from '../../../src/config/types.js';
import { replayCaching } from '../../../src/memory/allocators/replay.js';
import { liveness } from '../../../src/memory/liveness.js';
import { bufferBytes, type Trace } from '../../../src/memory/trace.js';
import { priceProgram } from '../../../src/price.js';
import { errorPercent } from '../../statistics.js';
import { countsOf, type PyTorchRecord, configOf as plainConfigOf } from './records.js';

export interface OffloadRecord extends Omit<PyTorchRecord, 'optimizer'> {
  readonly optimizer: Optimizer;
  readonly offload: Offload;
  readonly checkpoint: PyTorchRecord['checkpoint'] & { readonly rollout: boolean };
  /** While the second update runs; 0: it allocates and frees nothing. */
  readonly optimizer_phase_peak_bytes: number;
  /** Of narrow networks: bytes allocated (positive) and freed by the first update, in order. */
  readonly optimizer_events?: readonly number[];
  /** Copied to the host in the second step. */
  readonly to_host_bytes: number;
}

const [, ...lines] = readFileSync(new URL('../../data/pytorch-eager-offload.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');

export const records: readonly OffloadRecord[] = lines.map((line) => JSON.parse(line));

export function configOf({ optimizer, offload, ...record }: OffloadRecord): Config {
  const config = plainConfigOf({ ...record, optimizer: 'adam' });
  const checkpoint = { ...config.recipe.checkpoint, rollout: record.checkpoint.rollout };
  return { ...config, recipe: { ...config.recipe, optimizer, offload, checkpoint } };
}

export const planOf = ({ checkpoint }: OffloadRecord): string =>
  [
    checkpoint.rollout && 'rollout',
    checkpoint.model && 'model',
    checkpoint.encoder && 'encoder',
    checkpoint.processor_segments > 0 && `processor:segments=${checkpoint.processor_segments}`,
    checkpoint.decoder && 'decoder',
  ]
    .filter(Boolean)
    .join('+') || 'none';

export interface Outcome {
  readonly record: OffloadRecord;
  readonly trace: Trace;
  readonly bytes: Float64Array;
  readonly live: ReturnType<typeof liveness>;
  /** With kernel scratch: with the sort buffers inside CUDA's index_put, which the estimate leaves out. */
  readonly errors: Readonly<
    Record<'live' | 'native' | 'expandable' | 'native, with kernel scratch' | 'expandable, with kernel scratch', number>
  >;
}

export function predict(record: OffloadRecord): Outcome {
  const { trace, dimensions } = priceProgram(configOf(record), countsOf(record));
  const bytes = bufferBytes(trace, dimensions);
  const reserved = (expandable: boolean): number => {
    const replay = replayCaching(trace.events, bytes, { expandable });
    if (replay.kind !== 'ran') throw new Error('ran out of unlimited memory');
    return replay.peakReservedBytes;
  };
  const [native, expandable] = [reserved(false), reserved(true)];
  const live = liveness(trace, dimensions, bytes);
  const scratch = record.with_index_put_scratch;
  const errors = {
    live: errorPercent(live.peak.liveBytes, record.peak_requested_bytes),
    native: errorPercent(native, record.peak_reserved_bytes),
    expandable: errorPercent(expandable, record.peak_reserved_expandable_bytes),
    'native, with kernel scratch': errorPercent(native, scratch.peak_reserved_bytes),
    'expandable, with kernel scratch': errorPercent(expandable, scratch.peak_reserved_expandable_bytes),
  };
  return { record, trace, bytes, live, errors };
}
