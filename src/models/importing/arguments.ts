/** A command line, in a shell script or alone: `python -m neural_lam.train_model --hidden_dim 64 --batch_size "$BS"`. */
import { type Setting, Settings, type TypedFlags } from './settings.js';

/** Flags of a program, and no `key: value`. */
export const isCommandLine = (text: string): boolean =>
  /(^|\s)--[a-z]/m.test(text) && (/^#!/.test(text) || !/^\s*["'{\w.]+\s*:(\s|$)/m.test(text));

/** `BS=2`, `export LR="1e-3"`: what the script itself sets. */
const assignment = /^\s*(?:export\s+)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;"'#]*)\s*(?:[;#].*)?$/;

const unquoted = (word: string): string => word.replace(/^(["'])(.*)\1$/, '$2');

/** Over as many lines as one likes; variables that the script sets are followed, others stay as they are written. */
export function argumentSettings(file: string, text: string, flags: TypedFlags): Settings {
  const settings = new Map<string, Setting>();
  const variables = new Map<string, string>();
  const followed = (word: string): string =>
    unquoted(word).replace(/\$\{?([A-Za-z_]\w*)\}?/g, (whole, name) => variables.get(name) ?? whole);
  let key: string | undefined;
  for (const [index, lineText] of text.split('\n').entries()) {
    const [, name, value] = assignment.exec(lineText) ?? [];
    if (name !== undefined) {
      variables.set(name, followed(value!));
      continue;
    }
    const words = lineText.replace(/(^|\s)#.*$/, '').replace(/\\\s*$/, '');
    for (const word of words.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []) {
      const match = /^--([\w-]+)(?:=(.*))?$/s.exec(word);
      if (match) {
        key = match[1]!.replaceAll('-', '_');
        settings.set(key, { value: match[2] === undefined ? true : followed(match[2]), line: index + 1 });
      } else if (key !== undefined) {
        settings.set(key, { value: followed(word), line: index + 1 });
        key = undefined;
      }
    }
  }
  return new Settings(file, settings, 'arguments', flags);
}
