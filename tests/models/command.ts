import type { Flags } from '../../src/options/typed.js';

/** The flags of a command line that gc-plan printed. */
export function typedIn(command: string): { readonly model: string; readonly flags: Flags } {
  const [, , model, ...words] = command.split(' ');
  const flags: Record<string, string | boolean> = {};
  for (const [index, word] of words.entries()) {
    if (!word.startsWith('--')) continue;
    const value = words[index + 1];
    if (word.startsWith('--no-')) flags[word.slice(5)] = false;
    else flags[word.slice(2)] = value === undefined || value.startsWith('--') ? true : value;
  }
  return { model: model!, flags };
}
