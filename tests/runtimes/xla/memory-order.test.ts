import { describe, expect, it } from 'vitest';
import { orderByMemory, type Step } from '../../../src/runtimes/xla/memory-order.js';

/** Array 0 is the loop's own. */
const arrays = (bytesOf: readonly number[]) => ({ bytesOf: [0, ...bytesOf], isOutside: (id: number) => id === 0 });

describe('the order of a loop’s kernels', () => {
  /** Zeros that the last kernel reads beside what a chain makes: 1 early, 4 and 8 in the chain. */
  const steps: readonly Step[] = [
    { reads: [0], writes: [1] },
    { reads: [1], writes: [2] },
    { reads: [], writes: [3] },
    { reads: [2, 3], writes: [4] },
  ];
  const bytes = arrays([8, 4, 1, 1]);

  it('is that of the list scheduler where the loop’s state is as large as what either order needs', () => {
    // Zeros free nothing and make one byte: less than the eight that the chain begins with.
    expect(orderByMemory(steps, bytes, 100)).toEqual([2, 0, 1, 3]);
  });

  it('is from the result to what it needs where the list would hold more', () => {
    // 8 + 4 against 1 + 8 + 4.
    expect(orderByMemory(steps, bytes, 0)).toEqual([0, 1, 2, 3]);
    expect(orderByMemory(steps, bytes, 12)).toEqual([0, 1, 2, 3]);
    expect(orderByMemory(steps, bytes, 13)).toEqual([2, 0, 1, 3]);
  });

  it('never runs a kernel before what it reads is written, nor writes what others still read', () => {
    const chain: readonly Step[] = [
      { reads: [], writes: [1] },
      { reads: [1], writes: [2] },
      { reads: [2], writes: [1] },
      { reads: [1, 2], writes: [3] },
    ];
    expect(orderByMemory(chain, arrays([4, 4, 4]), 100)).toEqual([0, 1, 2, 3]);
  });
});
