/** Completion scripts from the commands themselves: names, flags, and the values of flags that have few. */
import type { CheckpointPart } from '../config/checkpoint.js';
import { profileNames } from '../config/profiles.js';
import { runtimeTraits } from '../runtimes/traits.js';
import { commandNames, loadCommand } from './command-table.js';
import { longForm } from './flags.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly {
    readonly name: string;
    readonly description: string;
    readonly values: readonly string[];
  }[];
  readonly takesModel: boolean;
}

/** `train|inference` are values, `LATxLON` and `NAME|FILE` are forms; a list too long for a form ends the explanation. */
function valuesOf(helpValue: string | readonly string[] | undefined, description: string): readonly string[] {
  const form = typeof helpValue === 'string' && helpValue !== longForm ? helpValue : '';
  const listed = form || (/\(([^()]+)\)$/.exec(description)?.[1] ?? '');
  return listed.includes('|') && !/[A-Z]/.test(listed) ? listed.split('|').map((value) => value.trim()) : [];
}

/** With an example in place of each number; parts are joined by +. */
const checkpointValues = (): readonly string[] => [
  'none',
  ...new Set(Object.values(runtimeTraits).flatMap(({ checkpointParts }) => checkpointParts.flatMap(typedPart))),
];

function typedPart(part: CheckpointPart): readonly string[] {
  switch (part) {
    case 'processor:every':
      return ['processor:every=2'];
    case 'processor:segments':
      return ['processor:segments=2'];
    case 'edges:blocks':
      return ['edges:blocks=8'];
    case 'edges:blocks:loop':
      return ['edges:blocks=8:loop'];
    default:
      return [part];
  }
}

const ownValues: Readonly<Record<string, () => readonly string[]>> = {
  checkpoint: checkpointValues,
  gpu: () => profileNames('gpus'),
  recipe: () => profileNames('recipes'),
};

async function completedCommands(): Promise<readonly Completed[]> {
  return Promise.all(
    commandNames.map(async (name) => {
      const { summary, flags, args } = await loadCommand(name);
      return {
        name,
        summary: summary ?? '',
        takesModel: 'model' in args,
        flags: Object.entries(flags).flatMap(([flag, definition]) => {
          const description = definition.description ?? '';
          const helpValue = 'helpValue' in definition ? definition.helpValue : undefined;
          const values = ownValues[flag]?.() ?? valuesOf(helpValue, description);
          const on = { name: flag, description, values };
          return definition.type === 'boolean' && definition.allowNo ? [on, { ...on, name: `no-${flag}` }] : [on];
        }),
      };
    }),
  );
}

function bash(commands: readonly Completed[]): string {
  const models = profileNames('models').join(' ');
  const values = new Map<string, readonly string[]>();
  for (const { name, values: more } of commands.flatMap(({ flags }) => flags))
    if (more.length > 0) values.set(name, [...new Set([...(values.get(name) ?? []), ...more])]);
  return [
    '_gc_plan() {',
    `  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""`,
    // bash breaks `--gpu=t4` into three words.
    `  if [ "$previous" = = ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; elif [ "$current" = = ]; then current=""; fi`,
    '  case "$previous" in',
    ...[...values].map(([name, choices]) => `    --${name}) words="${choices.join(' ')}" ;;`),
    '  esac',
    '  if [ -z "$words" ]; then',
    `    case "$COMP_CWORD:\${COMP_WORDS[1]}" in`,
    `      1:*) words="${commands.map(({ name }) => name).join(' ')}" ;;`,
    ...commands.map(
      ({ name, flags, takesModel }) =>
        `      *:${name}) words="${[...(takesModel ? [models] : []), ...flags.map((flag) => `--${flag.name}`), '--help'].join(' ')}" ;;`,
    ),
    '    esac',
    '  fi',
    // Lists and plans: what comes after the last comma or plus.
    `  local done="" ; case "$current" in *[,+]*) done="\${current%"\${current##*[,+]}"}" ;; esac`,
    `  COMPREPLY=($(compgen -P "$done" -W "$words" -- "\${current##*[,+]}"))`,
    '}',
    'complete -o default -F _gc_plan gc-plan',
  ].join('\n');
}

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

function fish(commands: readonly Completed[]): string {
  return commands
    .flatMap(({ name, summary, flags, takesModel }) => {
      const within = `complete -c gc-plan -n '__fish_seen_subcommand_from ${name}'`;
      return [
        `complete -c gc-plan -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
        ...(takesModel ? [`${within} -a '${profileNames('models').join(' ')}'`] : []),
        ...flags.map(
          (flag) =>
            `${within} -l ${flag.name} -d ${fishQuoted(flag.description)}${flag.values.length > 0 ? ` -x -a '${flag.values.join(' ')}'` : ''}`,
        ),
      ];
    })
    .join('\n');
}

export async function completionScript(shell: Shell): Promise<string> {
  const commands = await completedCommands();
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case 'fish':
      return fish(commands);
  }
}
