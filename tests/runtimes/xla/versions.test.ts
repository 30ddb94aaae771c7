import { describe, expect, it } from 'vitest';
import { estimate } from '../../../src/services/estimate.js';
import { versionRecords } from './versions.js';

/** The one configuration that all versions compiled, on a described H100. */
const flags = { grid: '61x120', 'mesh-level': '4', 'hidden-dim': '128', layers: '3', batch: '1', gpu: 'h100-80gb' };

describe('the range of a JAX estimate', () => {
  it.each(versionRecords)('holds what jaxlib $jaxlib compiled ($mode, $gemm_mode)', async (record) => {
    const { mode, argument_bytes, output_bytes, alias_bytes, temp_bytes } = record;
    const { memory } = await estimate({
      model: 'graphcast-small',
      flags: { ...flags, mode, precision: 'bf16', 'xla-gemm': record.gemm_mode === 'cublas' ? 'cublas' : 'triton' },
    });
    // What is on the card beside a program's own arrays: constants, context.
    const beside = memory.deviceBytes - memory.peakLiveBytes;
    const compiled = argument_bytes + output_bytes - alias_bytes + temp_bytes + beside;
    expect(memory.range.lowBytes).toBeLessThanOrEqual(compiled);
    expect(memory.range.highBytes).toBeGreaterThanOrEqual(compiled);
  });
});
