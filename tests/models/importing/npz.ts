/** NumPy archives made by hand: arrays of one scalar, in a zip. */
import { deflateRawSync } from 'node:zlib';

export const int64 = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return buffer;
};
export const float64 = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer;
};
export const text = (value: string, length: number) => {
  const buffer = Buffer.alloc(4 * length);
  for (const [index, character] of [...value].entries()) buffer.writeUInt32LE(character.codePointAt(0)!, 4 * index);
  return buffer;
};

/** As np.save writes a 0-dimensional array (NEP 1). */
export function npy(descr: string, data: Buffer): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (), }`.padEnd(117, ' ').concat('\n');
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY\x01\x00', 'latin1');
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), data]);
}

/** As np.savez writes it; the checksums are not looked at. */
export function zip(entries: Readonly<Record<string, Buffer>>, deflated: boolean): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [key, content] of Object.entries(entries)) {
    const name = Buffer.from(`${key}.npy`);
    const stored = deflated ? deflateRawSync(content) : content;
    const header = Buffer.alloc(30);
    header.write('PK\x03\x04', 'latin1');
    header.writeUInt16LE(deflated ? 8 : 0, 8);
    header.writeUInt32LE(stored.length, 18);
    header.writeUInt16LE(name.length, 26);
    const record = Buffer.alloc(46);
    record.write('PK\x01\x02', 'latin1');
    record.writeUInt16LE(deflated ? 8 : 0, 10);
    record.writeUInt32LE(stored.length, 20);
    record.writeUInt32LE(content.length, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt32LE(at, 42);
    local.push(header, name, stored);
    central.push(record, name);
    at += header.length + name.length + stored.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(entries).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}
