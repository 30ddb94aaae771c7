/** What `checkpoint-file.ts` is in a browser: it is read by Node's zlib, and by the command line alone. */
import { shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';
import type { Settings, TypedFlags } from '../importing/settings.js';

export function checkpointSettings(file: string, _flags: TypedFlags): Settings {
  throw new InputError('invalid-import', `${shown(file)}: the page does not read checkpoints, the command line does.`, [
    `gc-plan estimate --import ${shown(file)}`,
  ]);
}
