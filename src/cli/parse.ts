/** A command line as flags and arguments. Values stay text: the configuration parses them. */
import { nearest, orList, shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { Arguments, Flag, Flags } from './flags.js';

export interface Typed {
  readonly args: Readonly<Record<string, string | undefined>>;
  /** As typed: the configuration parses them, so that its messages name the flag, the value and the next step. */
  readonly flags: Readonly<Record<string, string | boolean>>;
}

/** What other tools and the code bases call the same thing. */
const otherNames: Readonly<Record<string, string>> = {
  framework: 'runtime',
  width: 'hidden-dim',
  'hidden-size': 'hidden-dim',
  'latent-size': 'hidden-dim',
  'num-channels': 'hidden-dim',
  depth: 'layers',
  'num-layers': 'layers',
  'gnn-msg-steps': 'layers',
  'processor-layers': 'layers',
  'batch-size': 'batch',
  dtype: 'precision',
  amp: 'precision',
  config: 'import',
  'config-file': 'import',
  device: 'gpu',
  card: 'gpu',
  memory: 'vram',
  'gpu-memory': 'vram',
  'mesh-size': 'mesh-level',
  'num-gpus': 'gpus',
  devices: 'gpus',
};

function otherName(typed: string, command: string, flags: Flags): string | undefined {
  const name = typed.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  if (name === 'model') return `the model stands without a flag: gc-plan ${command} graphcast-small`;
  const ours = Object.hasOwn(flags, name) ? name : Object.hasOwn(otherNames, name) ? otherNames[name]! : undefined;
  return ours !== undefined && Object.hasOwn(flags, ours) ? `--${ours}` : undefined;
}

/** The line with our names for the flags of others, all at once; nothing where one is left that nobody knows, or that a shell would read. */
function inOurNames(argv: readonly string[], command: string, flags: Flags): readonly string[] {
  const line = argv.map((token) => {
    const [typed = '', ...value] = token.split('=');
    if (!typed.startsWith('--') || foundIn(flags, token) !== undefined) return token;
    return [otherName(typed, command, flags) ?? ' ', ...value].join('=');
  });
  return line.every((token) => /^[\w./,:+=@%-]+$/.test(token)) ? [`gc-plan ${[command, ...line].join(' ')}`] : [];
}

function unknownFlag(token: string, argv: readonly string[], command: string, flags: Flags): InputError {
  const typed = token.split('=')[0]!;
  const known = otherName(typed, command, flags);
  if (known !== undefined)
    return new InputError('unknown-flag', `${shown(typed)}: gc-plan ${command} has no such flag.`, [
      ...(known.startsWith('--') ? [`here it is ${known}`, ...inOurNames(argv, command, flags)] : [known]),
    ]);
  const names = Object.entries(flags).flatMap(([name, flag]) =>
    flag.type === 'boolean' && flag.allowNo ? [name, `no-${name}`] : [name],
  );
  return new InputError('unknown-flag', `${shown(typed)}: gc-plan ${command} has no such flag.`, [
    `did you mean ${orList(nearest(typed.replace(/^-+/, ''), names).map((name) => `--${name}`))}?`,
    `gc-plan ${command} --help lists the flags`,
  ]);
}

/** `--name`, `--name=value` or `--no-name` of a flag that the command has. */
interface Found {
  readonly name: string;
  readonly flag: Flag;
  readonly isOn: boolean;
  readonly value: string | undefined;
}

function foundIn(flags: Flags, token: string): Found | undefined {
  const [, typed = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(token) ?? [];
  if (Object.hasOwn(flags, typed)) return { name: typed, flag: flags[typed]!, isOn: true, value };
  const name = typed.startsWith('no-') ? typed.slice('no-'.length) : '';
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  return flag?.allowNo ? { name, flag, isOn: false, value } : undefined;
}

/** `-1` stands without a flag, and so does all that follows `--`. A switch may be repeated, its last says; a value may not. */
export function parseTokens(argv: readonly string[], command: string, flags: Flags, args: Arguments): Typed {
  const typed: Record<string, string | boolean> = {};
  const alone: string[] = [];
  const rest = [...argv];
  const refused = (code: string, message: string) =>
    new InputError(code, message, [`gc-plan ${command} --help lists what it takes`]);
  while (rest.length > 0) {
    const token = rest.shift()!;
    if (token === '--') alone.push(...rest.splice(0));
    else if (!/^-[^\d]/.test(token)) alone.push(token);
    else {
      const found = foundIn(flags, token);
      if (found === undefined) throw unknownFlag(token, argv, command, flags);
      const { name } = found;
      if (found.flag.type === 'boolean') typed[name] = switched(found);
      else {
        if (Object.hasOwn(typed, name)) throw refused('invalid-flag', `Flag --${name} can only be specified once.`);
        const isNextAFlag = rest[0] === undefined || foundIn(flags, rest[0]) !== undefined;
        if (found.value === undefined && isNextAFlag) throw refused('invalid-flag', `Flag --${name} expects a value.`);
        typed[name] = found.value ?? rest.shift()!;
      }
    }
  }
  const names = Object.keys(args);
  const extra = alone[names.length];
  if (extra !== undefined) throw refused('unexpected-argument', `${shown(extra)}: unexpected argument.`);
  return {
    args: Object.fromEntries(alone.map((value, position) => [names[position], value])),
    flags: inOrderOf(flags, typed),
  };
}

/** As the command states them, so that two orders of one line give one report: a sweep's axes stand in it. */
const inOrderOf = (flags: Flags, typed: Typed['flags']): Typed['flags'] =>
  Object.fromEntries(Object.keys(flags).flatMap((name) => (Object.hasOwn(typed, name) ? [[name, typed[name]!]] : [])));

function switched({ name, isOn, value }: Found): boolean {
  if (value === undefined) return isOn;
  const dashed = isOn ? `--${name}` : `--no-${name}`;
  throw new InputError('flag-takes-no-value', `${dashed}=${shown(value)}: this flag takes no value.`, [
    `type ${dashed} alone, or leave it out`,
  ]);
}
