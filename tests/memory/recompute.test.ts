/** Recomputing modules of a recorded step: traces small enough to be followed by hand. */
import { describe, expect, it } from 'vitest';
import { liveness, peakLiveBytes } from '../../src/memory/liveness.js';
import { type ModuleCall, recompute } from '../../src/memory/recompute.js';
import type { Trace } from '../../src/memory/trace.js';

/** Each array: its module and bytes; events in order, `+n` makes array n, `-n` frees it. */
function stepOf(
  arrays: readonly (readonly [module: string, bytes: number])[],
  events: readonly number[],
  marks: Trace['marks'],
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
    marks,
    lastStepFirstEvent: 0,
  };
  return { trace, bytesOfBuffer: Float64Array.from(arrays, ([, bytes]) => bytes) };
}

const call = (
  module: string,
  firstEvent: number,
  endEvent: number,
  outputs: number[],
  inputs: number[] = [],
): ModuleCall => ({
  module,
  firstEvent,
  endEvent,
  flops: 7,
  inputs,
  outputs,
});

/**
 * Two layers, each with a kept array of 100 and an output of 10, the second's gradient pass first:
 * 1 keeps, 2 comes out, 3 keeps, 4 comes out; gradients 5 (of b) and 6 (of a).
 */
const twoLayers = stepOf(
  [
    ['a', 100],
    ['a', 10],
    ['b', 100],
    ['b', 10],
    ['b', 1],
    ['a', 1],
  ],
  [1, 2, 3, 4, /* backward */ 5, -3, -4, 6, -1, -2, -5, -6],
  [
    { phase: 'forward', firstEvent: 0 },
    { phase: 'backward', firstEvent: 4 },
  ],
);
const calls = [call('a', 0, 2, [1]), call('b', 2, 4, [3], [1])];

describe('recomputing modules of a recorded step', () => {
  it('drops what a call keeps at its end and makes it again before the module’s backward pass', () => {
    expect(peakLiveBytes(twoLayers.trace, twoLayers.bytesOfBuffer)).toBe(221);
    const { trace, bytesOfBuffer, droppedBytes, repeatedFlops } = recompute(twoLayers, calls);
    // a: 110, → 10; b: 120, → 20; again b with a second output: 130, → 120 and its gradient; then a the same way.
    expect(peakLiveBytes(trace, bytesOfBuffer)).toBe(130);
    expect(droppedBytes).toBe(200);
    expect(repeatedFlops).toBe(14);
  });

  it('frees everything that it made, and numbers arrays in the order in which they are made', () => {
    const { trace, bytesOfBuffer } = recompute(twoLayers, calls);
    const made = trace.events.filter((event) => event > 0);
    expect([...made]).toEqual(Array.from(made, (_, i) => i + 1));
    const freed = trace.events.filter((event) => event < 0);
    expect(new Set(freed).size).toBe(made.length);
    expect(bytesOfBuffer.length).toBe(made.length);
    expect(trace.marks.some(({ recompute: again }) => again)).toBe(true);
    expect(liveness(trace, {}, bytesOfBuffer).peak.phase).toBe('backward');
  });

  it('changes nothing where a module keeps nothing for the backward pass', () => {
    const { trace, droppedBytes } = recompute(twoLayers, [call('c', 1, 2, [1])]);
    expect([...trace.events]).toEqual([...twoLayers.trace.events]);
    expect(droppedBytes).toBe(0);
  });

  it('keeps what a call is given until it has run again', () => {
    // Array 1 is read by a call that keeps array 2; the step lets go of 1 at once.
    const step = stepOf(
      [
        ['x', 40],
        ['a', 100],
        ['a', 10],
        ['a', 1],
      ],
      [1, 2, 3, -1, 4, -2, -3, -4],
      [
        { phase: 'forward', firstEvent: 0 },
        { phase: 'backward', firstEvent: 4 },
      ],
    );
    const { trace, bytesOfBuffer } = recompute(step, [call('a', 1, 3, [2], [0])]);
    // Input 40, kept 100 and two outputs of 10 while it runs again.
    expect(peakLiveBytes(trace, bytesOfBuffer)).toBe(160);
    expect(trace.events.filter((event) => event === -1)).toHaveLength(1);
  });
});
