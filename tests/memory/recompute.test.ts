/** Recomputing modules of a recorded step: traces small enough to be followed by hand. */
import { describe, expect, it } from 'vitest';
import { liveness, peakLiveBytes } from '../../src/memory/liveness.js';
import { type ModuleCall, recompute, type Saves } from '../../src/memory/recompute.js';
import type { Trace } from '../../src/memory/trace.js';

/** Of each row: the array, before which event the backward pass needs it, has used it, and lets it go. */
const savesOf = (rows: readonly (readonly [buffer: number, needed: number, used: number, gone: number])[]): Saves => ({
  buffer: rows.map(([buffer]) => buffer),
  neededAt: rows.map(([, needed]) => needed),
  usedAt: rows.map(([, , used]) => used),
  goneAt: rows.map(([, , , gone]) => gone),
});

/** Each array: its module and bytes; events in order, `+n` makes array n, `-n` frees it. */
function stepOf(
  arrays: readonly (readonly [module: string, bytes: number])[],
  events: readonly number[],
  backwardFrom: number,
) {
  const modules = [...new Set(arrays.map(([module]) => module))];
  const zeros = arrays.map(() => 0);
  const trace: Trace = {
    layouts: [{ shape: [], elementBytes: 1, dtype: 'float32' }],
    operations: ['op'],
    operationBlocks: [''],
    modules,
    events: Int32Array.from(events),
    bufferLayout: Uint32Array.from(zeros),
    bufferCategory: Uint8Array.from(arrays, () => 5),
    bufferModule: Uint32Array.from(arrays, ([module]) => modules.indexOf(module)),
    bufferOperation: Uint32Array.from(zeros),
    bufferOrigin: Uint8Array.from(zeros),
    marks: [
      { phase: 'forward', firstEvent: 0 },
      { phase: 'backward', firstEvent: backwardFrom },
    ],
    lastStepFirstEvent: 0,
  };
  return { trace, bytesOfBuffer: Float64Array.from(arrays, ([, bytes]) => bytes) };
}

const call = (
  module: string,
  [firstEvent, endEvent, lastSaveEvent]: readonly [number, number, number],
  [firstSave, endSave]: readonly [number, number],
  inputs: number[] = [],
): ModuleCall => ({
  module,
  flops: 7,
  inputs,
  outputs: [],
  ...{ firstEvent, endEvent, firstSave, endSave, lastSaveEvent },
});

/**
 * Two layers, each with an array of 100 that autograd saves and an output of 10; the second's gradient pass first. Array 1 is saved, 2 comes
 * out, 3 is saved, 4 comes out and the loss holds it; gradients 5 (of b) and 6 (of a). Everything else lets go of 1 when 2 is made.
 */
const twoLayers = {
  ...stepOf(
    [
      ['a', 100],
      ['a', 10],
      ['b', 100],
      ['b', 10],
      ['b', 1],
      ['a', 1],
    ],
    [1, 2, 3, 4, /* backward */ 5, -3, -4, 6, -1, -2, -5, -6],
    4,
  ),
  saves: savesOf([
    [0, 7, 8, 8],
    [2, 4, 5, 5],
  ]),
  releases: new Map([
    [0, 2],
    [2, 4],
  ]),
};
const a = call('a', [0, 2, 1], [0, 1]);
const b = call('b', [2, 4, 3], [1, 2], [1]);

describe('recomputing modules of a recorded step', () => {
  it('lets go of what autograd saved with its last other holder, and makes it again when the backward pass needs it', () => {
    expect(peakLiveBytes(twoLayers.trace, twoLayers.bytesOfBuffer)).toBe(221);
    const { trace, bytesOfBuffer, droppedBytes, repeatedFlops } = recompute(twoLayers, [a, b]);
    // a: 110, → 10; b: 120, → 20; b's first array again, and its gradient: 121; the same for a: both gradients, 10, 100.
    expect([...trace.events]).toEqual([1, 2, -1, 3, 4, -3, 5, 6, -5, -4, 7, 8, -7, -2, -6, -8]);
    expect(peakLiveBytes(trace, bytesOfBuffer)).toBe(121);
    expect(droppedBytes).toBe(200);
    expect(repeatedFlops).toBe(14);
    expect(trace.marks.filter(({ recompute: again }) => again)).toHaveLength(2);
    expect(liveness(trace, {}, bytesOfBuffer).peak.phase).toBe('backward');
  });

  it('leaves a call at the last array that is saved: one that is made behind it is not made again', () => {
    const { bytesOfBuffer } = recompute(twoLayers, [b]);
    expect(bytesOfBuffer).toHaveLength(7);
    const later = recompute(twoLayers, [{ ...b, lastSaveEvent: 4 }]);
    expect(later.bytesOfBuffer).toHaveLength(8);
  });

  it('does not drop what Python holds until the backward pass, and makes it twice as a checkpoint does', () => {
    const held = { ...twoLayers, releases: new Map<number, number>() };
    const { trace, bytesOfBuffer, droppedBytes } = recompute(held, [a, b]);
    expect(droppedBytes).toBe(0);
    expect(peakLiveBytes(trace, bytesOfBuffer)).toBe(321);
  });

  it('keeps what another part of the step saved too', () => {
    const shared = { ...twoLayers, saves: savesOf([[0, 7, 8, 8], [2, 4, 5, 5], [0, 7, 8, 8]]) }; // biome-ignore format: rows
    const { droppedBytes } = recompute(shared, [a, b]);
    expect(droppedBytes).toBe(100);
  });

  it('changes nothing where a module saves nothing for the backward pass', () => {
    const { trace, droppedBytes } = recompute(twoLayers, [call('c', [1, 2, 2], [1, 1])]);
    expect([...trace.events]).toEqual([...twoLayers.trace.events]);
    expect(droppedBytes).toBe(0);
  });

  it('keeps what a call is given until autograd has let go of all that the call saved', () => {
    // Array 1 is read by a call that saves array 2; the step lets go of 1 at once.
    const step = {
      ...stepOf(
        [
          ['x', 40],
          ['a', 100],
          ['a', 10],
          ['a', 1],
        ],
        [1, 2, 3, -1, 4, -2, -3, -4],
        4,
      ),
      saves: savesOf([[1, 4, 5, 5]]),
      releases: new Map([[1, 3]]),
    };
    const { trace, bytesOfBuffer } = recompute(step, [call('a', [1, 3, 2], [0, 1], [0])]);
    // Input 40, saved 100, output 10 and the gradient of 1 beside it.
    expect([...trace.events]).toEqual([1, 2, 3, -2, 4, 5, -1, -4, -3, -5]);
    expect(peakLiveBytes(trace, bytesOfBuffer)).toBe(151);
  });
});
