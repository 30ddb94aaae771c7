/**
 * Arrays of zeros that scatter-adds write into. XLA fills all of them with one multi-output broadcast before the processor,
 * long before the last of them is used; each lives until its scatter-add has been consumed.
 */

import type { OperationOf } from '../../ir/operations.js';
import type { Shape } from '../../ir/shape.js';
import type { BufferId } from './kernel.js';
import type { Schedule } from './schedule.js';

export class Zeros {
  private fill: (buffer: BufferId, kind: string) => void = () => {
    throw new Error('zeros are taken before there is a place to fill them');
  };
  /** By shape and type: what fills one more array. */
  private readonly ofKind = new Map<string, (buffer: BufferId) => void>();

  /** `isOrdered`: kernels are put in order later, so that it counts which arrays one of them fills: all of one shape and type. */
  constructor(
    private readonly schedule: Schedule,
    private readonly isShared: boolean,
    private readonly isOrdered: boolean,
  ) {}

  fillHere(): void {
    if (!this.isShared) this.fill = this.fillInPlace;
    else this.fill = this.isOrdered ? this.fillWithItsKind : this.schedule.open('zeros of all scatter-adds');
  }

  private readonly fillWithItsKind = (zeros: BufferId, kind: string): void => {
    const fill = this.ofKind.get(kind) ?? this.schedule.open('zeros of scatter-adds');
    this.ofKind.set(kind, fill);
    fill(zeros);
  };

  /** Inside a loop's body zeros are filled where they are needed. */
  filledInPlace<T>(body: () => T): T {
    const outer = this.fill;
    this.fill = this.fillInPlace;
    const result = body();
    this.fill = outer;
    return result;
  }

  private readonly fillInPlace = (zeros: BufferId): void => this.schedule.run('zeros of a scatter-add', [], [zeros]);

  take(shape: Shape, elementBytes: number): BufferId {
    const zeros = this.schedule.buffer(shape, elementBytes);
    this.fill(zeros, `${shape.map(({ symbol }) => symbol).join()} ${elementBytes}`);
    return zeros;
  }
}

export type RowSum = OperationOf<'segmentSum' | 'segmentMax'>;

/** In a loop's body equal sums start from one array of zeros, which every sum but the last copies (copy_insertion.cc). */
export class ZerosInLoop {
  private readonly arrays = new Map<string, { left: number; zeros?: BufferId }>();

  /** `keyOf`: equal for sums whose zeros are equal. */
  constructor(
    private readonly schedule: Schedule,
    sums: readonly RowSum[],
    private readonly keyOf: (sum: RowSum) => string,
  ) {
    for (const sum of sums) {
      const key = keyOf(sum);
      this.arrays.set(key, { left: 1 + (this.arrays.get(key)?.left ?? 0) });
    }
  }

  take(sum: RowSum, array: () => BufferId): BufferId {
    const { schedule } = this;
    const equal = this.arrays.get(this.keyOf(sum))!;
    equal.left -= 1;
    if (equal.zeros === undefined) {
      equal.zeros = array();
      schedule.run('zeros of the sums', [], [equal.zeros]);
    }
    if (equal.left === 0) return equal.zeros;
    const copy = array();
    schedule.run('copy of zeros of the sums', [equal.zeros], [copy]);
    return copy;
  }
}
