import { describe, expect, it } from 'vitest';
import { standInDevice } from '../../src/config/device.js';
import { bufferBytes } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { price } from '../../src/price.js';

describe.each(['jax', 'pytorch', 'tfjs'] as const)('%s', (runtime) => {
  // DeepMind's are 5 + 6 · levels; an imported or a typed number is any.
  it.each([1, 4, 5, 6, 10, 11, 33, 83, 100])('every array has whole bytes with %i channels out', async (channels) => {
    const flags = { runtime, 'output-channels': String(channels) };
    const config = await resolveConfig({ model: 'tiny', flags });
    const { trace, dimensions } = price(config, counts(config.model), standInDevice());
    expect(bufferBytes(trace, dimensions).filter((bytes) => !Number.isInteger(bytes))).toEqual(new Float64Array(0));
  });
});
