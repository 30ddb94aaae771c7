/**
 * The one way to a user's files: regular ones only, never more than their kind may hold, and no pipe that nobody writes to. In a browser
 * `read-file.browser.ts` stands in its place.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors.js';
import { shown } from './nearest.js';

export interface Limit {
  readonly maximumBytes: number;
  /** What such a file is, for messages: `a profile has at most 1 MiB`. */
  readonly kind: string;
}

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file.',
  EACCES: 'may not be read: permission denied.',
  EISDIR: 'is a folder.',
  ENOTDIR: 'part of this path is not a folder.',
  ENAMETOOLONG: 'the path is too long.',
  ELOOP: 'the path is a loop of links.',
  // A socket cannot be opened.
  ENXIO: 'is not a regular file.',
};

export const fileExists = (path: string): boolean => existsSync(path);

const unreadable = (path: string, reason: string): InputError =>
  new InputError('unreadable-file', `${shown(path)}: ${reason}`, [
    reason === notRegular
      ? 'Write what it gives into a file first, and name that.'
      : 'Check the path; it is relative to the current folder.',
  ]);

const notRegular = 'is not a regular file.';

/**
 * Opens a regular file, hands it to `use`, and closes it. Opened without blocking: a pipe that nobody writes to must not hang us.
 * @throws InputError where the file is missing, may not be read, or is a folder, pipe, socket or device.
 */
export function withRegularFile<Value>(path: string, use: (descriptor: number, sizeBytes: number) => Value): Value {
  if (path.includes('\0')) throw unreadable(path, 'the path holds a NUL character.');
  let file: number | undefined;
  try {
    // O_RDONLY | O_NONBLOCK, the latter 0 on Windows.
    file = openSync(path, process.platform === 'win32' ? 'r' : 0o4000);
    const stats = fstatSync(file);
    if (!stats.isFile()) throw unreadable(path, stats.isDirectory() ? 'is a folder.' : notRegular);
    return use(file, stats.size);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw unreadable(path, systemReasons[code] ?? `may not be read (${code}).`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** As many of `length` bytes from `position` on as the file has: one `read` may give fewer. */
export function readAt(descriptor: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let numRead = 0;
  while (numRead < length) {
    const more = readSync(descriptor, buffer, numRead, length - numRead, position + numRead);
    if (more === 0) break;
    numRead += more;
  }
  return buffer.subarray(0, numRead);
}

/** @throws InputError where the file is not a regular one, or holds more than its kind may. */
export const readRegularText = (path: string, { maximumBytes, kind }: Limit): string =>
  withRegularFile(path, (descriptor, sizeBytes) => {
    if (sizeBytes > maximumBytes)
      throw new InputError(
        'file-too-large',
        `${shown(path)}: ${sizeBytes.toLocaleString('en-US')} bytes; ${kind} has at most ${maximumBytes / 2 ** 20} MiB.`,
        [`Give ${kind}, not data.`],
      );
    return readAt(descriptor, 0, sizeBytes).toString('utf8');
  });
