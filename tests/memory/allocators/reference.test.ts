import { describe, expect, test } from 'vitest';
import { minCapacity } from '../../../src/memory/allocators/min-capacity.js';
import { replayCaching } from '../../../src/memory/allocators/replay.js';
import { MiB } from '../../../src/units.js';
import { referenceCases } from './reference-cases.js';

describe.each(['random', 'training-steps'] as const)(
  'the replay agrees to the byte with an independent one: %s',
  (file) => {
    const cases = referenceCases(file);

    test.each([false, true])('peaks without limit, expandable segments: %s', (expandable) => {
      for (const { name, events, bufferBytes, expected } of cases) {
        const peaks = expandable ? expected.expandable : expected.native;
        expect(replayCaching(events, bufferBytes, { expandable }), name).toEqual({
          kind: 'ran',
          ...peaks,
          numFlushes: 0,
        });
      }
    });

    test('smallest capacity, and how often it has to flush there', () => {
      for (const { name, events, bufferBytes, expected } of cases) {
        const capacityBytes = minCapacity(events, bufferBytes, {
          lowBytes: expected.peakLiveBytes,
          highBytes: expected.native.peakReservedBytes + 4 * MiB,
          expandable: false,
        });
        expect(capacityBytes, name).toBe(expected.minCapacityBytes);
        const replay = replayCaching(events, bufferBytes, { expandable: false, capacityBytes });
        expect(replay, name).toMatchObject({ kind: 'ran', numFlushes: expected.numFlushesAtMinCapacity });
      }
    });

    test('the event at which a device that is too small is full', () => {
      for (const { name, events, bufferBytes, expected } of cases) {
        const replay = replayCaching(events, bufferBytes, {
          expandable: false,
          capacityBytes: expected.capacityTooSmallBytes,
        });
        expect(replay, name).toMatchObject({ kind: 'outOfMemory', atEvent: expected.outOfMemoryAtEvent });
      }
    });
  },
);
