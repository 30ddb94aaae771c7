/** JSON from a stranger: no repeated keys (JSON.parse silently keeps the last), no prototype keys, no deep nesting, no megabytes. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors.js';
import { MiB } from '../units.js';
import { shown } from './nearest.js';

const maximumBytes = MiB;
/** Our deepest file has 3. */
const maximumDepth = 16;

const unreadable = (path: string, reason: string): InputError =>
  new InputError('unreadable-file', `${shown(path)}: ${reason}`, [
    'Check the path; it is relative to the current folder.',
  ]);

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file.',
  EACCES: 'may not be read: permission denied.',
  EISDIR: 'is a folder.',
  ENOTDIR: 'part of this path is not a folder.',
  ENAMETOOLONG: 'the path is too long.',
  ELOOP: 'the path is a loop of links.',
};

export const fileExists = (path: string): boolean => existsSync(path);

/** At most one mebibyte of a regular file. Opened without blocking: a pipe nobody writes to must not hang us. */
export function readText(path: string): string {
  if (path.includes('\0')) throw unreadable(path.replaceAll('\0', '?'), 'the path holds a NUL character.');
  let file: number | undefined;
  try {
    // O_RDONLY | O_NONBLOCK, the latter 0 on Windows.
    file = openSync(path, process.platform === 'win32' ? 'r' : 0o4000);
    const stats = fstatSync(file);
    if (!stats.isFile()) throw unreadable(path, stats.isDirectory() ? 'is a folder.' : 'is not a regular file.');
    if (stats.size > maximumBytes) {
      throw new InputError(
        'file-too-large',
        `${shown(path)}: ${stats.size.toLocaleString('en-US')} bytes; a profile has at most 1 MiB.`,
        ['Give a profile file, not data.'],
      );
    }
    const buffer = Buffer.alloc(stats.size);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, stats.size, 0));
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw unreadable(path, systemReasons[code] ?? `may not be read (${code}).`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Walks the tokens of text that is known to be valid JSON. */
function checkKeys(text: string, path: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > maximumDepth)
        throw new InputError('nested-too-deep', `${shown(path)}: nested more than ${maximumDepth} levels deep.`, [
          'Compare with a file that ships in profiles/.',
        ]);
    } else if (token === '}' || token === ']') open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(key) as string;
      const seen = open.at(-1);
      if (name === '__proto__')
        throw new InputError('unknown-key', `${shown(path)}: __proto__ is no key of a profile.`, ['Remove it.']);
      if (seen?.has(name))
        throw new InputError('repeated-key', `${shown(path)}: the key ${shown(name)} is there twice.`, [
          `Keep one ${shown(name)}.`,
        ]);
      seen?.add(name);
    }
  }
}

export function readStrictJson(path: string): unknown {
  const text = readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = text.trim() === '' ? 'the file is empty' : (error as SyntaxError).message;
    throw new InputError('not-json', `${shown(path)}: is not valid JSON: ${shown(reason)}.`, [
      'Compare with a file that ships in profiles/.',
    ]);
  }
  checkKeys(text, path);
  return value;
}
