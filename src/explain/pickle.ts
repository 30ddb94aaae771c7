/**
 * Python's pickle, protocol 2, of plain values with counts for numbers: https://docs.python.org/3/library/pickletools.html (2026-11). Only operations
 * that PyTorch's memory viewer reads (its own unpickler in torch/utils/viz/MemoryViz.js).
 */
export type PickleValue =
  | string
  | number
  | null
  | Iterable<PickleValue>
  | { readonly [key: string]: PickleValue; readonly [Symbol.iterator]?: never };

const proto2 = [0x80, 2] as const;
const emptyList = 0x5d;
const emptyDict = 0x7d;
const mark = 0x28;
const appends = 0x65;
const setItems = 0x75;
const binUnicode = 0x58;
const binInt = 0x4a;
const long1 = 0x8a;
const none = 0x4e;
const stop = 0x2e;

/** As Python's own pickler: a reader may put all of a batch on its stack. */
const batchLength = 1000;

/** Into one buffer that grows: a snapshot has millions of values. */
class Pickler {
  private bytes = Buffer.allocUnsafe(1 << 16);
  private length = 0;

  byte(...values: readonly number[]): void {
    this.makeRoom(values.length);
    for (const value of values) this.bytes[this.length++] = value;
  }

  write(value: PickleValue): void {
    if (value === null) this.byte(none);
    else if (typeof value === 'number') this.integer(value);
    else if (typeof value === 'string') this.text(value);
    else if (isList(value)) this.list(value);
    else this.dict(value);
  }

  private integer(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} is no count`);
    const isSmall = value < 2 ** 31;
    this.byte(...(isSmall ? [binInt] : [long1, 8]));
    this.makeRoom(8);
    if (isSmall) this.length = this.bytes.writeInt32LE(value, this.length);
    else this.length = this.bytes.writeBigInt64LE(BigInt(value), this.length);
  }

  private text(value: string): void {
    const numBytes = Buffer.byteLength(value);
    this.byte(binUnicode);
    this.makeRoom(4 + numBytes);
    this.length = this.bytes.writeUInt32LE(numBytes, this.length);
    this.length += this.bytes.write(value, this.length);
  }

  private list(values: Iterable<PickleValue>): void {
    this.byte(emptyList);
    let inBatch = 0;
    for (const value of values) {
      if (inBatch === 0) this.byte(mark);
      this.write(value);
      inBatch = (inBatch + 1) % batchLength;
      if (inBatch === 0) this.byte(appends);
    }
    if (inBatch > 0) this.byte(appends);
  }

  private dict(value: { readonly [key: string]: PickleValue }): void {
    this.byte(emptyDict, mark);
    for (const [key, entry] of Object.entries(value)) {
      this.text(key);
      this.write(entry);
    }
    this.byte(setItems);
  }

  private makeRoom(numBytes: number): void {
    if (this.length + numBytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.bytes.length + numBytes);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

const isList = (value: object): value is Iterable<PickleValue> => Symbol.iterator in value;

export function pickle(value: PickleValue): Buffer {
  const pickler = new Pickler();
  pickler.byte(...proto2);
  pickler.write(value);
  pickler.byte(stop);
  return pickler.finish();
}
