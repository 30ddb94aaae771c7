/** Shared by all workers of a search: which chunk is next, and how many candidates are done. */
const nextChunk = 0;
const numDone = 1;

export class Cursor {
  private readonly numbers: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.numbers = new Int32Array(buffer);
  }

  take(): number {
    return Atomics.add(this.numbers, nextChunk, 1);
  }

  addDone(count: number): void {
    Atomics.add(this.numbers, numDone, count);
  }

  get done(): number {
    return Atomics.load(this.numbers, numDone);
  }
}
