/**
 * Every verification, one JSON line each. A line is written by one `write` to a file opened for appending, so that two processes
 * interleave lines and never bytes, and a killed one leaves a whole line or none. No trouble with the ledger costs a person the report.
 */
import { closeSync, constants, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isLedgerEntry, type LedgerEntry } from '../accuracy/ledger.js';
import { shown } from '../config/nearest.js';
import { readAt, withRegularFile } from '../config/read-file.js';
import { InputError } from '../errors.js';
import { MiB } from '../units.js';
import { warn } from '../warnings.js';
import { type Environment, userDataFile } from './user-data.js';

export const defaultLedgerFile = (...user: readonly [env?: Environment, home?: () => string]): string | undefined =>
  userDataFile('ledger.jsonl', ...user);

const lineFeed = 10;

/** A line that cannot be written whole is taken back, and warned of. */
export function appendEntry(file: string | undefined, entry: LedgerEntry): void {
  try {
    if (file === undefined) throw new Error('there is no home folder');
    if (!isLedgerEntry(entry)) throw new Error('its numbers are no measurement');
    mkdirSync(dirname(file), { recursive: true });
    appendLine(file, JSON.stringify(entry));
  } catch (error) {
    const reason = (error as Error).message.split(',')[0];
    warn(`${shown(file ?? 'the ledger')}: this result is not recorded: ${reason}. --ledger FILE names another file.`);
  }
}

function appendLine(file: string, line: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK = 0 } = constants;
  // Without blocking: a pipe that nobody reads must not hang us.
  const descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666);
  try {
    const stats = fstatSync(descriptor);
    const size = stats.isFile() ? stats.size : 0;
    const bytes = Buffer.from(`${size > 0 && !endsWithLineFeed(file, size) ? '\n' : ''}${line}\n`);
    const numWritten = writeSync(descriptor, bytes);
    if (numWritten < bytes.length) takeBack(descriptor, size, numWritten);
  } finally {
    closeSync(descriptor);
  }
}

/** Where an earlier write was cut short it does not: that line must not swallow the next one. */
const endsWithLineFeed = (file: string, size: number): boolean =>
  withRegularFile(file, (descriptor) => readAt(descriptor, size - 1, 1)[0] === lineFeed);

function takeBack(descriptor: number, sizeBefore: number, numWritten: number): never {
  const stats = fstatSync(descriptor);
  // Where another process has written behind it, the half stays, and is skipped when it is read.
  if (stats.isFile() && stats.size === sizeBefore + numWritten) ftruncateSync(descriptor, sizeBefore);
  throw new Error('there is no space left for it');
}

/** What an estimate reads of a ledger, in about 5 ms: its last 1,000 lines or so. Older ones are of older versions of gc-plan. */
const recentBytes = MiB;
const chunkBytes = MiB;
/** Ours have 2 KiB. */
const longestLine = MiB;

export const readRecentEntries = (file: string | undefined): readonly LedgerEntry[] => readEntries(file, recentBytes);

/**
 * The entries of the last `lastBytes`, oldest first. A file that does not exist is an empty ledger; a line that is no entry, and a file
 * that cannot be read, are warned of and passed over.
 */
export function readEntries(file: string | undefined, lastBytes = Number.POSITIVE_INFINITY): readonly LedgerEntry[] {
  if (file === undefined || !existsSync(file)) return [];
  try {
    const { entries, numDamaged } = withRegularFile(file, (descriptor) => entriesOnce(descriptor, lastBytes));
    if (numDamaged > 0)
      warn(`${shown(file)}: ${numDamaged === 1 ? 'one line is' : `${numDamaged} lines are`} damaged and passed over.`);
    return entries;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    warn(`The ledger is not read: ${error.message}`);
    return [];
  }
}

interface Entries {
  readonly entries: readonly LedgerEntry[];
  readonly numDamaged: number;
}

/** What was read last: a report asks twice, and a session for every one of its reports. */
let lastRead: (Entries & { readonly of: string }) | undefined;

function entriesOnce(descriptor: number, lastBytes: number): Entries {
  const { dev, ino, size, mtimeNs } = fstatSync(descriptor, { bigint: true });
  const of = [dev, ino, size, mtimeNs, lastBytes].join();
  if (lastRead?.of !== of) lastRead = { of, ...entriesFrom(descriptor, Number(size), lastBytes) };
  return lastRead;
}

function entriesFrom(descriptor: number, sizeBytes: number, lastBytes: number): Entries {
  const entries: LedgerEntry[] = [];
  let numDamaged = 0;
  for (const line of linesOf(descriptor, Math.max(0, sizeBytes - lastBytes), sizeBytes)) {
    const entry = parseEntry(line);
    if (entry !== undefined) entries.push(entry);
    else if (line !== '') numDamaged++;
  }
  return { entries, numDamaged };
}

/** From the first line that begins behind `start`, or at 0. One that is too long to be ours comes as its beginning. */
function* linesOf(descriptor: number, start: number, end: number): Generator<string> {
  let rest = '';
  let isBegun = start > 0;
  for (let at = start; at < end; at += chunkBytes) {
    const lines = (rest + readAt(descriptor, at, Math.min(chunkBytes, end - at)).toString('latin1')).split('\n');
    rest = lines.pop()!.slice(0, longestLine);
    if (isBegun && lines.length > 0) {
      lines.shift();
      isBegun = false;
    }
    for (const line of lines) yield Buffer.from(line, 'latin1').toString('utf8');
  }
  if (!isBegun) yield Buffer.from(rest, 'latin1').toString('utf8');
}

function parseEntry(line: string): LedgerEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isLedgerEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}
