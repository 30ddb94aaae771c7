/** The command line as a function: `bin/run.js` calls it with the process, tests call it with buffers. */

import { nearest, orList, shown } from '../config/nearest.js';
import { printable } from '../config/printable.js';
import { InputError } from '../errors.js';
import { tool } from '../version.js';
import { collectingWarnings } from '../warnings.js';
import { commandNames, isCommandName, loadCommand } from './command-table.js';
import { exitCodes, reportFailure } from './failure.js';
import type { Io } from './io.js';

const isHelp = (token: string | undefined) => token === 'help' || isHelpFlag(token);
const isHelpFlag = (token: string | undefined) => token === '--help' || token === '-h' || token === helpAll;
const helpAll = '--help-all';
const isVersion = (token: string | undefined) => token === '--version' || token === '-v' || token === 'version';
const isJson = (token: string) => token === '--json' || token.startsWith('--json=');

function unknownCommand(name: string): InputError {
  if (name.startsWith('-'))
    return new InputError('missing-command', `${shown(name)}: the command comes first.`, [
      `gc-plan estimate ${shown(name)} …`,
      'gc-plan --help',
    ]);
  return new InputError('unknown-command', `${shown(name)}: there is no such command.`, [
    `did you mean ${orList(nearest(name, commandNames))}?`,
    'gc-plan --help lists the commands',
  ]);
}

const missingCommand = () =>
  new InputError('missing-command', 'No command was given.', [
    'gc-plan estimate --gpu a100-40gb --json',
    'gc-plan --help lists the commands',
  ]);

/** A document that is text by nature stays one JSON document under `--json`. */
function printText(kind: 'help' | 'version', text: string, io: Io, json: boolean): number {
  io.stdout.write(
    json ? `${JSON.stringify({ schema: `gc-plan/${kind}@1`, tool: tool(), text }, null, 2)}\n` : `${text}\n`,
  );
  return exitCodes.yes;
}

async function dispatch(argv: readonly string[], io: Io, json: boolean): Promise<number> {
  const first = argv.findIndex((token) => !isJson(token));
  const name = argv[first];
  const rest = argv.filter((_, position) => position !== first);
  if (isVersion(name)) return printText('version', `gc-plan ${tool().version}`, io, json);
  if (name === undefined && json) throw missingCommand();
  const ownTokens = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (name === undefined || isHelp(name)) {
    const subject = ownTokens.find((token) => !token.startsWith('-'));
    if (subject !== undefined && !isCommandName(subject)) throw unknownCommand(subject);
    const { commandHelp, rootHelp } = await import('./help.js');
    return printText(
      'help',
      subject === undefined ? await rootHelp() : await commandHelp(subject, argv.includes(helpAll)),
      io,
      json,
    );
  }
  if (!isCommandName(name)) throw unknownCommand(name);
  if (ownTokens.some(isHelpFlag)) {
    const { commandHelp } = await import('./help.js');
    return printText('help', await commandHelp(name, ownTokens.includes(helpAll)), io, json);
  }
  const Command = await loadCommand(name);
  return new Command(name, rest, io).execute();
}

export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const end = argv.indexOf('--');
  const json = argv.slice(0, end === -1 ? argv.length : end).some(isJson);
  const warnings = new Set<string>();
  try {
    return await collectingWarnings(warnings, () => dispatch(argv, io, json));
  } catch (error) {
    return reportFailure(error, io, json);
  } finally {
    for (const warning of warnings) io.stderr.write(`gc-plan: ${printable(warning)}\n`);
  }
}
