/**
 * Python's pickle, protocol 2, of plain values with counts for numbers: https://docs.python.org/3/library/pickletools.html (2026-11). Only operations
 * that PyTorch's memory viewer reads (its own unpickler in torch/utils/viz/MemoryViz.js).
 */
export type PickleValue = string | number | null | readonly PickleValue[] | { readonly [key: string]: PickleValue };

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

class Pickler {
  private readonly chunks: Buffer[] = [];

  byte(...values: readonly number[]): void {
    this.chunks.push(Buffer.from(values));
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
    const small = value < 2 ** 31;
    const bytes = Buffer.alloc(small ? 5 : 10);
    bytes[0] = small ? binInt : long1;
    if (small) bytes.writeInt32LE(value, 1);
    else {
      bytes[1] = 8;
      bytes.writeBigInt64LE(BigInt(value), 2);
    }
    this.chunks.push(bytes);
  }

  private text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    const head = Buffer.alloc(5);
    head[0] = binUnicode;
    head.writeUInt32LE(bytes.length, 1);
    this.chunks.push(head, bytes);
  }

  private list(values: readonly PickleValue[]): void {
    this.byte(emptyList);
    for (let first = 0; first < values.length; first += batchLength) {
      this.byte(mark);
      for (const value of values.slice(first, first + batchLength)) this.write(value);
      this.byte(appends);
    }
  }

  private dict(value: { readonly [key: string]: PickleValue }): void {
    this.byte(emptyDict, mark);
    for (const [key, entry] of Object.entries(value)) {
      this.text(key);
      this.write(entry);
    }
    this.byte(setItems);
  }

  finish(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

const isList = (value: object): value is readonly PickleValue[] => Array.isArray(value);

export function pickle(value: PickleValue): Buffer {
  const pickler = new Pickler();
  pickler.byte(...proto2);
  pickler.write(value);
  pickler.byte(stop);
  return pickler.finish();
}
