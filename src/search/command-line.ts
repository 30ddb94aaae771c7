/** The command line that reproduces a candidate: what was typed or chosen, nothing that follows from the profile. */
import { allOptions } from '../options/definitions/shared.js';
import type { Flags } from '../options/typed.js';

/** For a shell. */
export const quoted = (text: string): string =>
  /^[\w./:=+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

export const estimateCommand = (model: string | undefined, flags: Flags): string =>
  commandLine('estimate', model, flags);

/** As they stand on the command line. */
export const typedFlags = (flags: Flags): string => estimateCommand(undefined, flags).slice('gc-plan estimate '.length);

export function commandLine(command: string, model: string | undefined, flags: Flags): string {
  const parts = [`gc-plan ${command}`, ...(model === undefined ? [] : [quoted(model)])];
  for (const { name, group } of allOptions()) {
    const value = flags[name];
    if (value === undefined || group === 'report') continue;
    if (typeof value === 'string') parts.push(`--${name} ${quoted(value)}`);
    else parts.push(value ? `--${name}` : `--no-${name}`);
  }
  return parts.join(' ');
}
