import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';

/** A reader sees the old file or the whole new one: the text goes to a neighbour that then takes the name. */
export function writeAtomically(path: string, content: string | Uint8Array, flag = '--output'): void {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    writeFileSync(temporary, content, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const reason = error instanceof Error ? error.message.split(',')[0] : String(error);
    throw new InputError('unwritable-output', `${flag} ${shown(path)}: cannot be written: ${reason}.`, [
      'name a file in a folder that exists and that you may write to',
    ]);
  }
}
