/** Completion scripts from the commands themselves: names, flags, and the values of flags that have few. */
import type { CheckpointPart } from '../config/checkpoint.js';
import { profileNames, readProfile } from '../config/profiles.js';
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
function valuesOf(helpValue: string | undefined, description: string): readonly string[] {
  const form = helpValue !== undefined && helpValue !== longForm ? helpValue : '';
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
    case 'processor:blocks':
      return ['processor:blocks=8'];
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
          const { description, helpValue } = definition;
          const values = ownValues[flag]?.() ?? valuesOf(helpValue, description);
          const on = { name: flag, description, values };
          return definition.allowNo ? [on, { ...on, name: `no-${flag}` }] : [on];
        }),
      };
    }),
  );
}

function bash(commands: readonly Completed[]): string {
  const models = profileNames('models').join(' ');
  const values = valuedFlags(commands);
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

/** What follows the last comma of a list, or the last plus of a plan, is completed alone. */
const partsOfPlan = 'checkpoint';

interface Described {
  readonly name: string;
  readonly text: string;
}

const profilesDescribed = (kind: 'models' | 'gpus' | 'recipes'): readonly Described[] =>
  profileNames(kind).map((name) => ({
    name,
    text: readProfile<{ readonly description?: string }>(kind, name).description ?? '',
  }));

/** A card's profile says what its name alone does not. */
const described = (flag: string, values: readonly string[]): readonly Described[] =>
  flag === 'gpu' ? profilesDescribed('gpus') : values.map((name) => ({ name, text: '' }));

/** Flags of all commands that have values, each once. */
function valuedFlags(commands: readonly Completed[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const { name, values: more } of commands.flatMap(({ flags }) => flags))
    if (more.length > 0) values.set(name, [...new Set([...(values.get(name) ?? []), ...more])]);
  return values;
}

const singleQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** zsh's own completion: `name:description`, a colon of the name escaped. */
function zsh(commands: readonly Completed[]): string {
  const entries = (all: readonly Described[]) =>
    all.map(({ name, text }) => singleQuoted(`${name.replaceAll(':', String.raw`\:`)}${text && `:${text}`}`)).join(' ');
  return [
    '#compdef gc-plan',
    '(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }',
    '_gc_plan() {',
    '  local -a choices',
    `  local flag="\${words[CURRENT-1]}"`,
    `  if [[ "$PREFIX" == --*=* ]]; then flag="\${PREFIX%%=*}"; compset -P '*='; fi`,
    '  case "$flag" in',
    ...[...valuedFlags(commands)].map(
      ([name, values]) => `    --${name}) choices=(${entries(described(name, values))}) ;;`,
    ),
    '  esac',
    `  if (( $#choices )); then compset -P '*[,+]'; _describe -t values value choices; return; fi`,
    '  if (( CURRENT == 2 )); then',
    `    choices=(${entries(commands.map(({ name, summary }) => ({ name, text: summary })))})`,
    '    _describe -t commands command choices; return',
    '  fi',
    `  case "\${words[2]}" in`,
    ...commands.map(({ name, flags, takesModel }) => {
      const all = [
        ...(takesModel ? profilesDescribed('models') : []),
        ...flags.map((flag) => ({ name: `--${flag.name}`, text: flag.description })),
        { name: '--help', text: 'The common flags, with an example of each.' },
      ];
      return `    ${name}) choices=(${entries(all)}) ;;`;
    }),
    '  esac',
    '  _describe -t options option choices || _files',
    '}',
    'compdef _gc_plan gc-plan',
  ].join('\n');
}

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

/** A function for each flag with values: `__fish_complete_list` calls it for what follows the last comma, or the last plus of a plan. */
function fish(commands: readonly Completed[]): string {
  const line = ({ name, text }: Described) => fishQuoted(text === '' ? name : `${name}\t${text}`);
  const functionOf = (flag: string) => `__gc_plan_${flag.replaceAll('-', '_')}`;
  const valued = [...valuedFlags(commands)];
  return [
    ...[
      ...valued.map(([flag, values]) => [flag, described(flag, values)] as const),
      ['models', profilesDescribed('models')] as const,
    ].map(([flag, all]) => `function ${functionOf(flag)}; printf '%s\\n' ${all.map(line).join(' ')}; end`),
    ...commands.flatMap(({ name, summary, flags, takesModel }) => {
      const within = `complete -c gc-plan -n '__fish_seen_subcommand_from ${name}'`;
      return [
        `complete -c gc-plan -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
        ...(takesModel ? [`${within} -a '(${functionOf('models')})'`] : []),
        ...flags.map((flag) => {
          const separator = flag.name === partsOfPlan ? '+' : ',';
          const values =
            flag.values.length > 0 ? ` -x -a '(__fish_complete_list ${separator} ${functionOf(flag.name)})'` : '';
          return `${within} -l ${flag.name} -d ${fishQuoted(flag.description)}${values}`;
        }),
      ];
    }),
  ].join('\n');
}

export async function completionScript(shell: Shell): Promise<string> {
  const commands = await completedCommands();
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return zsh(commands);
    case 'fish':
      return fish(commands);
  }
}
