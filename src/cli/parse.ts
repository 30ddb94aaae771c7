/** oclif's parser with our errors: the framework's own would exit 1 and dump its configuration. */
import { nearest, orList, shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import { CLIError, type FlagInput } from './oclif.js';

/** The tokens before `--` that look like a long flag, without their values. */
const longFlags = (argv: readonly string[]): readonly string[] => {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).filter((token) => token.startsWith('--'));
};

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

function otherName(typed: string, command: string, flags: FlagInput): string | undefined {
  const name = typed.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  if (name === 'model') return `the model stands without a flag: gc-plan ${command} graphcast-small`;
  const ours = Object.hasOwn(flags, name) ? name : Object.hasOwn(otherNames, name) ? otherNames[name]! : undefined;
  return ours !== undefined && Object.hasOwn(flags, ours) ? `--${ours}` : undefined;
}

function unknownFlag(token: string, command: string, flags: FlagInput): InputError {
  const typed = token.split('=')[0]!;
  const known = otherName(typed, command, flags);
  if (known !== undefined)
    return new InputError('unknown-flag', `${shown(typed)}: gc-plan ${command} has no such flag.`, [
      known.startsWith('--') ? `here it is ${known}` : known,
    ]);
  const names = Object.entries(flags).flatMap(([name, flag]) =>
    flag.type === 'boolean' && flag.allowNo ? [name, `no-${name}`] : [name],
  );
  return new InputError('unknown-flag', `${shown(typed)}: gc-plan ${command} has no such flag.`, [
    `did you mean ${orList(nearest(typed.replace(/^-+/, ''), names).map((name) => `--${name}`))}?`,
    `gc-plan ${command} --help lists the flags`,
  ]);
}

/** What oclif's parser would accept and misread: `--json=false` as `--json` and a model, `--constructor` as a flag. */
export function rejectMisreadTokens(argv: readonly string[], command: string, flags: FlagInput): void {
  for (const token of longFlags(argv)) {
    const [name, value] = token.slice(2).split(/=(.*)/s);
    if (name! in Object.prototype) throw unknownFlag(token, command, flags);
    if (value !== undefined && Object.hasOwn(flags, name!) && flags[name!]!.type === 'boolean')
      throw new InputError('flag-takes-no-value', `--${name}=${shown(value)}: this flag takes no value.`, [
        `type --${name} alone, or leave it out`,
      ]);
  }
}

export function translateParseError(error: unknown, command: string, flags: FlagInput): unknown {
  if (!(error instanceof CLIError)) return error;
  const help = `gc-plan ${command} --help lists what it takes`;
  if ('flags' in error && Array.isArray(error.flags)) return unknownFlag(String(error.flags[0]), command, flags);
  if ('args' in error && Array.isArray(error.args))
    return new InputError('unexpected-argument', `${shown(String(error.args[0]))}: unexpected argument.`, [help]);
  return new InputError('invalid-flag', `${error.message.split('\n')[0]}.`, [help]);
}
