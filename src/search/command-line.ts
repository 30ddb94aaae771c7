/** The command line that reproduces a candidate: what was typed or chosen, nothing that follows from the profile. */
import { allOptions } from '../options/definitions/shared.js';
import { modelUnnamed } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';

/** For a shell. */
export const quoted = (text: string): string =>
  /^[\w./:=+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

export const estimateCommand = (model: string | undefined, flags: Flags): string =>
  commandLine('estimate', model, flags);

/** As they stand on the command line. */
export const typedFlags = (flags: Flags): string => tokens(flags).join(' ');

/** The model is always named, also where none was typed. */
export function commandLine(command: string, model: string | undefined, flags: Flags): string {
  const named = model ?? (flags.import === undefined ? modelUnnamed : undefined);
  return [`gc-plan ${command}`, ...(named === undefined ? [] : [quoted(named)]), ...tokens(flags)].join(' ');
}

function tokens(flags: Flags): readonly string[] {
  return allOptions().flatMap(({ name, group }) => {
    const value = flags[name];
    if (value === undefined || group === 'report') return [];
    if (typeof value === 'string') return [`--${name} ${quoted(value)}`];
    return [value ? `--${name}` : `--no-${name}`];
  });
}
