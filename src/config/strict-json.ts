/** JSON from a stranger: no repeated keys (JSON.parse silently keeps the last), no prototype keys, no deep nesting, no megabytes. */
import { InputError } from '../errors.js';
import { MiB } from '../units.js';
import { shown } from './nearest.js';
import { readRegularText } from './read-file.js';

export { fileExists } from './read-file.js';

/** Our deepest file has 3. */
const maximumDepth = 16;

/** A profile, a plan, a configuration: what a person writes. */
export const readText = (path: string): string => readRegularText(path, { maximumBytes: MiB, kind: 'a profile' });

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
