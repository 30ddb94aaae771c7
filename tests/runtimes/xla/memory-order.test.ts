import { describe, expect, it } from 'vitest';
import { orderOfLoop, orderOfStep, type Step } from '../../../src/runtimes/xla/memory-order.js';

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
    expect(orderOfLoop(steps, bytes, 100)).toEqual([2, 0, 1, 3]);
  });

  it('is from the result to what it needs where the list would hold more', () => {
    // 8 + 4 against 1 + 8 + 4.
    expect(orderOfLoop(steps, bytes, 0)).toEqual([0, 1, 2, 3]);
    expect(orderOfLoop(steps, bytes, 12)).toEqual([0, 1, 2, 3]);
    expect(orderOfLoop(steps, bytes, 13)).toEqual([2, 0, 1, 3]);
  });

  it('never runs a kernel before what it reads is written, nor writes what others still read', () => {
    const chain: readonly Step[] = [
      { reads: [], writes: [1] },
      { reads: [1], writes: [2] },
      { reads: [2], writes: [1] },
      { reads: [1, 2], writes: [3] },
    ];
    expect(orderOfLoop(chain, arrays([4, 4, 4]), 100)).toEqual([0, 1, 2, 3]);
  });
});

describe('the order of a step’s kernels', () => {
  const steps = (result: readonly number[]): readonly Step[] => [
    { reads: [0], writes: [1] },
    { reads: [1], writes: [2] },
    { reads: [], writes: [3] },
    { reads: result, writes: [4] },
  ];
  const bytes = arrays([8, 4, 1, 1]);

  it('is depth first where that needs less than the list, from the last operand to the first', () => {
    // The chain is the last operand in post-order: 8 + 4, and the list makes 3 before it.
    expect(orderOfStep(steps([3, 2]), bytes)).toEqual([0, 1, 2, 3]);
    // Array 3 is: 1 + 8 + 4, as much as the list needs.
    expect(orderOfStep(steps([2, 3]), bytes)).toEqual([2, 0, 1, 3]);
  });

  it('has what a kernel adds to before it, which it does not read otherwise', () => {
    const sum: readonly Step[] = [
      { reads: [], writes: [1] },
      { reads: [], writes: [2] },
      { reads: [2], writes: [1] },
      { reads: [1], writes: [3] },
    ];
    // Array 2 is smaller than the zeros of array 1, and freed by the sum.
    expect(orderOfStep(sum, arrays([8, 1, 1]))).toEqual([1, 0, 2, 3]);
  });
});
