/** Help as text: oclif formats a command's page; the front page is what to try first. */
import { type CommandName, commandNames, loadCommand } from './command-table.js';
import type { Flags } from './flags.js';
import { loadFramework } from './framework.js';
import type { Command } from './oclif.js';

/** oclif formats what its manifest holds: the class’s own statics, with every argument and flag knowing its name. */
const named = <Definition extends object>(definitions: Readonly<Record<string, Definition>>) =>
  Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, { ...definition, name }]));

/** What most runs need, each with an example; `--help-all` lists the rest. */
const commonFlags: Readonly<Record<string, string>> = {
  gpu: 'rtx-4090',
  vram: '24GB',
  runtime: 'pytorch',
  precision: 'bf16',
  mode: 'inference',
  batch: '4',
  'hidden-dim': '512',
  layers: '16',
  resolution: '0.25',
  checkpoint: 'encoder+processor:every=2',
  optimizer: 'adamw',
  json: '',
};

const fewFlags = 20;

/** The command's own flags and the common ones that it has; nothing where there are few anyway. */
function inShort(flags: Flags): Flags | undefined {
  if (Object.keys(flags).length <= fewFlags) return undefined;
  const own = Object.entries(flags).filter(([, { helpGroup }]) => helpGroup === 'COMMAND');
  const common = Object.entries(commonFlags).flatMap(([name, example]): [string, Flags[string]][] => {
    const flag = flags[name];
    if (flag === undefined) return [];
    const typed = [`--${name}`, example].join(' ').trim();
    return [[name, { ...flag, description: `${flag.description} E.g. ${typed}`, helpGroup: 'COMMON' }]];
  });
  return Object.fromEntries([...own, ...common]);
}

export async function commandHelp(name: CommandName, all: boolean): Promise<string> {
  const { summary, examples, args, flags } = await loadCommand(name);
  const usage = [name, ...Object.keys(args).map((argument) => `[${argument.toUpperCase()}]`), '[FLAGS]'].join(' ');
  const short = all ? undefined : inShort(flags);
  const loadable = {
    usage,
    id: name,
    summary,
    examples,
    strict: true,
    args: named(args),
    flags: named(short ?? flags),
    aliases: [],
    hiddenAliases: [],
    hidden: false,
  };
  const { CommandHelp, config } = await loadFramework();
  const page = new CommandHelp(loadable as unknown as Command.Loadable, config, {
    flagSortOrder: 'none',
    maxWidth: 100,
  });
  const rest = short ? `\n\ngc-plan ${name} --help-all lists all ${Object.keys(flags).length} flags.` : '';
  return `${summary}\n\n${page.generate().trimEnd()}${rest}`;
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
    'gc-plan COMMAND --help shows the common flags of one command, --help-all every one.',
    'An answer is one screen; --details prints all of it, --json makes it one JSON document.',
    'Nothing is sent anywhere: no telemetry, no network.',
    'Exit codes: 0 yes · 1 no · 2 your input · 70 our bug · 130 interrupted',
  ].join('\n');
}
