/** Help as text: oclif formats a command's page; the front page is what to try first. */
import { type CommandName, commandNames, loadCommand } from './command-table.js';
import { frameworkConfig } from './framework.js';
import { type Command, CommandHelp } from './oclif.js';

/** oclif formats what its manifest holds: the class’s own statics, with every argument and flag knowing its name. */
const named = <Definition extends object>(definitions: Readonly<Record<string, Definition>>) =>
  Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, { ...definition, name }]));

export async function commandHelp(name: CommandName): Promise<string> {
  const { id, summary, examples, args, flags, strict } = await loadCommand(name);
  const usage = [id, ...Object.keys(args).map((argument) => `[${argument.toUpperCase()}]`), '[FLAGS]'].join(' ');
  const loadable = {
    usage,
    id,
    summary,
    examples,
    strict,
    args: named(args),
    flags: named(flags),
    aliases: [],
    hiddenAliases: [],
    hidden: false,
  };
  const page = new CommandHelp(loadable as unknown as Command.Loadable, await frameworkConfig(), {
    flagSortOrder: 'none',
    maxWidth: 100,
  });
  return `${summary}\n\n${page.generate()}`;
}

export async function rootHelp(): Promise<string> {
  const width = Math.max(...commandNames.map((name) => name.length));
  const lines = await Promise.all(
    commandNames.map(async (name) => `  ${name.padEnd(width)}  ${(await loadCommand(name)).summary}`),
  );
  return [
    'gc-plan predicts the GPU memory of GraphCast-like weather models before a GPU is rented.',
    '',
    'TRY',
    '  gc-plan estimate graphcast-small --gpu t4   does it fit?',
    '  gc-plan advise graphcast-small --gpu t4     the cheapest change that makes it fit',
    '  gc-plan explain graphcast-small             where the memory goes',
    '  gc-plan sweep --vram 24GB                   which sizes fit, and how to grow',
    '  gc-plan verify                              is it true? real training steps, no GPU needed',
    '  gc-plan init --gpu a100-40gb                a plan for gc-plan check in pull requests',
    '',
    'COMMANDS',
    ...lines,
    '',
    'gc-plan COMMAND --help shows the flags of one command. --json makes every answer one JSON document.',
    'Exit codes: 0 yes · 1 no · 2 your input · 70 our bug · 130 interrupted',
  ].join('\n');
}
