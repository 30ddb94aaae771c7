/**
 * Where a report or an export goes. A regular file is replaced whole, at the end of its links and with its mode; a pipe or a device is
 * written into and stays what it is.
 */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';

/** As Linux's own limit on links in a path (path_resolution(7)). */
const maximumLinks = 40;
/** A pipe's reader may be started in the same breath. */
const readerPatienceMs = 5_000;

/**
 * Writes all of `content`, or leaves a regular file as it was.
 * @throws InputError that names `flag` where `path` cannot be written.
 */
export function writeAtomically(path: string, content: string | Uint8Array, flag = '--output'): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing === undefined || existing.isFile()) replaceFile(targetOf(path), existing, bytes);
    else writeInto(path, existing, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(',')[0] : String(error);
    throw new InputError('unwritable-output', `${flag} ${shown(path)}: cannot be written: ${reason}.`, [
      'name a file in a folder that exists and that you may write to',
    ]);
  }
}

/**
 * As `writeAtomically`, where another program writes the file whose path it is handed.
 * @throws InputError that names `flag` where `path` is no regular file or its folder cannot be written to.
 */
export async function replaceWith(
  path: string,
  write: (file: string) => Promise<unknown>,
  flag: string,
): Promise<void> {
  const unwritable = (reason: string) =>
    new InputError('unwritable-output', `${flag} ${shown(path)}: cannot be written: ${reason}.`, [
      'name a file in a folder that exists and that you may write to',
    ]);
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing !== undefined && !existing.isFile()) throw unwritable('it is not a regular file');
  let temporary: string | undefined;
  try {
    const target = targetOf(path);
    if (existing !== undefined) accessSync(target, constants.W_OK);
    temporary = temporaryBeside(target);
    // Reserved first: a folder that cannot be written to is found before the work.
    closeSync(openSync(temporary, 'wx'));
    await write(temporary);
    if (existing !== undefined) keepOwnerAndMode(temporary, existing);
    renameSync(temporary, target);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : unwritable(message.split(',')[0]!);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

/** The file at the end of the links, also where it does not exist yet. */
function targetOf(path: string): string {
  let target = path;
  for (let numLinks = 0; numLinks < maximumLinks; numLinks++) {
    const link = readLink(target);
    if (link === undefined) return target;
    // Through the folder's own links: `..` in a link counts from where the link lies.
    target = resolve(realpathSync(dirname(target)), link);
  }
  throw new Error('ELOOP: too many links');
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // No link, or nothing there. Windows says UNKNOWN of a file that is no link.
    if (code === 'EINVAL' || code === 'ENOENT' || code === 'UNKNOWN') return undefined;
    throw error;
  }
}

/** A reader sees the old file or the whole new one: the bytes go to a neighbour that then takes the name. */
function replaceFile(target: string, existing: Stats | undefined, bytes: Uint8Array): void {
  // `rename` would replace a file that its owner has locked against writing.
  if (existing !== undefined) accessSync(target, constants.W_OK);
  const temporary = temporaryBeside(target);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(temporary, 'wx');
    writeAll(descriptor, bytes);
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = undefined;
    if (existing !== undefined) keepOwnerAndMode(temporary, existing);
    renameSync(temporary, target);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
}

const temporaryBeside = (target: string): string =>
  join(dirname(target), `.${basename(target).slice(0, 200)}.${crypto.randomUUID()}.tmp`);

function keepOwnerAndMode(file: string, { uid, gid, mode }: Stats): void {
  const made = statSync(file);
  if (made.uid !== uid || made.gid !== gid) {
    try {
      chownSync(file, uid, gid);
    } catch {
      // Only root may give a file away; the mode then still says who may read it.
    }
  }
  chmodSync(file, mode & 0o7777);
}

function writeInto(path: string, existing: Stats, bytes: Uint8Array): void {
  if (existing.isDirectory()) throw new Error('it is a folder');
  if (existing.isSocket()) throw new Error('it is a socket');
  // Held until the other is open: a reader that sees the last writer leave has read everything.
  const waiting = existing.isFIFO() ? openOnceRead(path) : undefined;
  try {
    const descriptor = openSync(path, constants.O_WRONLY);
    try {
      writeAll(descriptor, bytes);
    } finally {
      closeSync(descriptor);
    }
  } finally {
    if (waiting !== undefined) closeSync(waiting);
  }
}

/** Opening a pipe that nobody reads blocks for ever, Ctrl-C included; without blocking it fails until there is a reader. */
function openOnceRead(path: string): number {
  const pauseMs = 20;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + readerPatienceMs; ; Atomics.wait(clock, 0, 0, pauseMs)) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      if (performance.now() > end) throw new Error('nobody reads this pipe');
    }
  }
}

/** One `write` may take fewer bytes than it is given. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
