/**
 * Every verification, one JSON line each. A line is written by one `write` to a file opened for appending, so that two processes
 * interleave lines and never bytes, and a killed one leaves a whole line or none.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LedgerEntry } from '../accuracy/ledger.js';
import { InputError } from '../errors.js';

/** `XDG_DATA_HOME/gc-plan/ledger.jsonl`, on Windows `LOCALAPPDATA`. */
export function defaultLedgerFile(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { XDG_DATA_HOME, LOCALAPPDATA } = env;
  const data = XDG_DATA_HOME || LOCALAPPDATA || join(homedir(), '.local', 'share');
  return join(data, 'gc-plan', 'ledger.jsonl');
}

export function appendEntry(file: string, entry: LedgerEntry): void {
  const line = Buffer.from(`${JSON.stringify(entry)}\n`);
  let descriptor: number;
  try {
    mkdirSync(dirname(file), { recursive: true });
    descriptor = openSync(file, 'a');
  } catch (error) {
    throw new InputError('unwritable-ledger', `--ledger ${file}: ${(error as Error).message}`, [
      '--ledger FILE   names another file',
    ]);
  }
  try {
    writeSync(descriptor, line);
  } finally {
    closeSync(descriptor);
  }
}

/** A file that does not exist is an empty ledger; a line that is not an entry is an error that names it. */
export function readEntries(file: string): LedgerEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new InputError('unreadable-ledger', `${file}: ${(error as Error).message}`, [
      '--ledger FILE   names another file',
    ]);
  }
  return text.split('\n').flatMap((line, index) => (line === '' ? [] : [parseEntry(line, `${file}:${index + 1}`)]));
}

function parseEntry(line: string, where: string): LedgerEntry {
  try {
    const entry = JSON.parse(line) as LedgerEntry;
    if (entry.schema === 'gc-plan/ledger@1' && typeof entry.predicted === 'object') return entry;
  } catch {
    // Reported below, with the place.
  }
  throw new InputError('broken-ledger', `${where}: this line is not a ledger entry.`, [
    'remove the line, or name another file with --ledger',
  ]);
}
