/**
 * Arrays of zeros that scatter-adds write into. XLA fills all of them with one multi-output broadcast before the processor,
 * long before the last of them is used; each lives until its scatter-add has been consumed.
 */
import type { Shape } from '../../ir/shape.js';
import type { BufferId, Schedule } from './schedule.js';

export class Zeros {
  private fill: (buffer: BufferId) => void = () => {
    throw new Error('zeros are taken before there is a place to fill them');
  };

  constructor(
    private readonly schedule: Schedule,
    private readonly isShared: boolean,
  ) {}

  fillHere(): void {
    this.fill = this.isShared ? this.schedule.open('zeros of all scatter-adds') : this.fillInPlace;
  }

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
    this.fill(zeros);
    return zeros;
  }
}
