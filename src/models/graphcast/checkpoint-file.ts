/**
 * The configuration inside a released checkpoint (`params_….npz`), without its weights: a zip's directory is at its end, and only the
 * entries that hold configuration are read.
 * Formats: APPNOTE 6.3.10 sections 4.3.7, 4.3.12, 4.3.16 (zip); NEP 1 (npy); google-deepmind/graphcast checkpoint.py (`:` between keys).
 */
import { inflateRawSync } from 'node:zlib';
import { shown } from '../../config/nearest.js';
import { readAt, withRegularFile } from '../../config/read-file.js';
import { InputError } from '../../errors.js';
import { type Setting, Settings, type SettingValue, type TypedFlags } from '../importing/settings.js';

/** The end record, and the longest comment that may follow it. */
const longestEnd = 22 + 65_535;
const maximumDirectoryBytes = 16 * 1024 * 1024;
const maximumEntryBytes = 65_536;

interface Entry {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly storedBytes: number;
  readonly headerAt: number;
}

type Read = (position: number, length: number) => Buffer;

export function checkpointSettings(file: string, flags: TypedFlags): Settings {
  const damaged = (reason: string): InputError =>
    new InputError('invalid-import', `${shown(file)}: ${reason}.`, ['Give the params_….npz as it was published.']);
  try {
    return withRegularFile(file, (descriptor, sizeBytes) => {
      const read: Read = (position, length) => readAt(descriptor, position, length);
      const settings = new Map<string, Setting>();
      for (const entry of directory(read, sizeBytes)) {
        const key = entry.name.replace(/\.npy$/, '').replaceAll(':', '.');
        const isConfig =
          /^(model_config|task_config|denoiser_architecture_config)\./.test(key) &&
          entry.storedBytes <= maximumEntryBytes;
        if (isConfig) settings.set(key, { value: npyValue(contentOf(read, entry), key) });
      }
      if (settings.size === 0) throw new Error('holds no model_config and no task_config');
      return new Settings(file, settings, 'json', flags);
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw damaged(error instanceof Error ? error.message : String(error));
  }
}

function directory(read: Read, fileBytes: number): readonly Entry[] {
  const tail = read(Math.max(0, fileBytes - longestEnd), Math.min(fileBytes, longestEnd));
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('is not a zip file');
  const numBytes = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (numBytes > maximumDirectoryBytes || start + numBytes > fileBytes) throw new Error('its directory is damaged');
  const records = read(start, numBytes);
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= records.length; ) {
    if (records.toString('latin1', at, at + 4) !== 'PK\x01\x02') throw new Error('its directory is damaged');
    const nameBytes = records.readUInt16LE(at + 28);
    const behind = records.readUInt16LE(at + 30) + records.readUInt16LE(at + 32);
    entries.push({
      name: records.toString('utf8', at + 46, at + 46 + nameBytes),
      isDeflated: records.readUInt16LE(at + 10) === 8,
      storedBytes: records.readUInt32LE(at + 20),
      headerAt: records.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + behind;
  }
  return entries;
}

function contentOf(read: Read, { headerAt, isDeflated, storedBytes }: Entry): Buffer {
  const header = read(headerAt, 30);
  const before = 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const stored = read(headerAt + before, storedBytes);
  return isDeflated ? inflateRawSync(stored, { maxOutputLength: maximumEntryBytes }) : stored;
}

/** One number, truth value or text; a list where there are several. */
function npyValue(npy: Buffer, key: string): SettingValue {
  if (npy.toString('latin1', 0, 6) !== '\x93NUMPY') throw new Error(`${key} is not an array`);
  const isFirst = npy[6] === 1;
  const headerBytes = isFirst ? npy.readUInt16LE(8) : npy.readUInt32LE(8);
  const dataAt = (isFirst ? 10 : 12) + headerBytes;
  const header = npy.toString('latin1', isFirst ? 10 : 12, dataAt);
  const [, order = '', type = '', size = '0'] = /'descr':\s*'([<>|=]?)([a-zA-Z])(\d+)'/.exec(header) ?? [];
  if (type === '') throw new Error(`${key} is of a type that is not read here`);
  const width = type === 'U' ? 4 * Number(size) : Number(size);
  // NumPy writes `>` where the bytes of a number run the other way.
  if (order === '>' && width > 1 && type !== 'S') throw new Error(`${key} is big-endian, which is not read here`);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1]?.match(/\d+/g)?.map(Number) ?? [];
  const count = shape.reduce((product, length) => product * length, 1);
  // Before anything is made of it: a header may claim any number of values.
  if (count * width !== npy.length - dataAt)
    throw new Error(
      `${key} says that it holds ${count} values of ${width} bytes, and has ${npy.length - dataAt} bytes`,
    );
  if (count > 1 && width === 0) throw new Error(`${key} holds ${count} values of 0 bytes`);
  const values = Array.from({ length: count }, (_, index) =>
    itemAt(npy.subarray(dataAt + index * width, dataAt + (index + 1) * width), type, key),
  );
  return shape.length === 0 ? (values[0] ?? null) : values;
}

function itemAt(item: Buffer, type: string, key: string): SettingValue {
  switch (type) {
    case 'i':
      return exactly(item.length === 8 ? item.readBigInt64LE() : item.readIntLE(0, item.length), key);
    case 'u':
      return exactly(item.length === 8 ? item.readBigUInt64LE() : item.readUIntLE(0, item.length), key);
    case 'f':
      if (item.length !== 4 && item.length !== 8)
        throw new Error(`${key} is a float of ${8 * item.length} bits, which is not read here`);
      return item.length === 8 ? item.readDoubleLE() : item.readFloatLE();
    case 'b':
      return item[0] !== 0;
    case 'U':
      return Array.from({ length: item.length / 4 }, (_, index) => String.fromCodePoint(item.readUInt32LE(4 * index)))
        .join('')
        .replace(/\0+$/, '');
    case 'S':
      return item.toString('utf8').replace(/\0+$/, '');
    default:
      throw new Error(`${key} is of a type that is not read here`);
  }
}

/** A float64 holds whole numbers up to 2⁵³ exactly. */
function exactly(whole: bigint | number, key: string): number {
  const value = Number(whole);
  if (!Number.isSafeInteger(value)) throw new Error(`${key} is ${whole}, which is above 2^53`);
  return value;
}
