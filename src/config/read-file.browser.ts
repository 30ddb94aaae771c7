/** What `read-file.ts` is in a browser: the files that were dropped on the page, by name. */
import { InputError } from '../errors.js';
import { shown } from './nearest.js';
import type { Limit } from './read-file.js';

const dropped = new Map<string, Uint8Array>();

/** Instead of all that were dropped before. */
export function dropFiles(files: Readonly<Record<string, Uint8Array>>): void {
  dropped.clear();
  for (const [name, bytes] of Object.entries(files)) dropped.set(name, bytes);
}

export const fileExists = (path: string): boolean => dropped.has(path);

function bytesOf(path: string): Uint8Array {
  const bytes = dropped.get(path);
  if (bytes !== undefined) return bytes;
  throw new InputError('unreadable-file', `${shown(path)}: this page does not have the file.`, [
    `Drop ${shown(path)} on the page.`,
  ]);
}

const tooLarge = (path: string, bytes: Uint8Array, { maximumBytes, kind }: Limit): InputError =>
  new InputError(
    'file-too-large',
    `${shown(path)}: ${bytes.length.toLocaleString('en-US')} bytes; ${kind} has at most ${maximumBytes / 2 ** 20} MiB.`,
    [`Give ${kind}, not data.`],
  );

/** @throws InputError where it was not dropped, or holds more than its kind may. */
export function readRegularText(path: string, limit: Limit): string {
  const bytes = bytesOf(path);
  if (bytes.length > limit.maximumBytes) throw tooLarge(path, bytes, limit);
  return new TextDecoder().decode(bytes);
}

/** `descriptor`: the position in the order of dropping. */
export const withRegularFile = <Value>(path: string, use: (descriptor: number, sizeBytes: number) => Value): Value => {
  const bytes = bytesOf(path);
  return use([...dropped.keys()].indexOf(path), bytes.length);
};

export const readAt = (descriptor: number, position: number, length: number): Uint8Array =>
  [...dropped.values()][descriptor]!.subarray(position, position + length);
