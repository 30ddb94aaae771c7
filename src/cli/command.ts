/** What every command shares: parse, call one service, print its report, exit with its answer. */
import { nearest, orList, shown } from '../config/nearest.js';
import { printable, printableInColour } from '../config/printable.js';
import { InputError } from '../errors.js';
import { modelUnnamed } from '../options/resolve.js';
import { type Format, formats, isFormat, type Renderer } from '../reports/formats.js';
import { type ReportName, type Reports, rendererFor } from '../reports/render.js';
import { quoted } from '../search/command-line.js';
import { writeAtomically } from '../services/write.js';
import { type ExitCode, exitCodes } from './failure.js';
import { columnsOf, dayOf, hasColour, type Io } from './io.js';
import { Command, type FlagInput } from './oclif.js';
import { rejectMisreadTokens, translateParseError } from './parse.js';
import { toStepSummary } from './step-summary.js';

export interface Typed {
  readonly args: Readonly<Record<string, string | undefined>>;
  /** As typed: the configuration parses them, so that its messages name the flag, the value and the next step. */
  readonly flags: Readonly<Record<string, string | boolean>>;
}

export abstract class ReportCommand<Name extends ReportName = ReportName> extends Command {
  static override flags: FlagInput = {};

  protected abstract readonly report: Name;
  protected io!: Io;
  private render!: Renderer<Reports[Name]>;
  private format!: Format;
  private output: string | undefined;
  private details = false;
  private hasSubject = false;
  /** The model that is taken where none was typed. */
  protected readonly standInModel: string | undefined = modelUnnamed;
  private exitCode: ExitCode = exitCodes.yes;

  abstract override run(): Promise<Reports[Name]>;

  /** Runs inside oclif's life cycle and gives the exit code; every failure is thrown. */
  async execute(io: Io): Promise<ExitCode> {
    this.io = io;
    await this._run();
    return this.exitCode;
  }

  /** oclif's would print and set an exit code; `runCli` does both. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  /** The flags of this run, the ones that say how to print (`--json --format --output`) taken out and obeyed. */
  protected async typed(): Promise<Typed> {
    const parsed = await this.tokens(this.argv);
    const { json, format, output, details, ...flags } = parsed.flags;
    this.details = details === true;
    this.output = output === undefined ? undefined : String(output);
    const typedFormat = parseFormat(format);
    this.format = json ? 'json' : typedFormat;
    this.hasSubject = [parsed.args.model, flags.import, flags.trace].some((typed) => typed !== undefined);
    this.render = await rendererFor(this.report, this.format);
    return { args: parsed.args, flags };
  }

  protected async tokens(argv: readonly string[]): Promise<Typed> {
    const { flags: definitions, id } = this.ctor;
    rejectMisreadTokens(argv, id, definitions);
    const parsed = await this.parse(this.ctor, [...argv]).catch((error: unknown) => {
      throw translateParseError(error, id, definitions);
    });
    return { args: parsed.args, flags: parsed.flags as Record<string, string | boolean> };
  }

  /** What gives the same answer: the model named, and nothing that says how much of it is printed or where to. */
  private commandTyped(): string {
    const { id, args } = this.ctor;
    const isNamed = !('model' in args) || this.standInModel === undefined || this.hasSubject;
    const tokens = this.argv.filter(
      (token, index) =>
        token !== '--details' &&
        !token.startsWith('--output=') &&
        token !== '--output' &&
        this.argv[index - 1] !== '--output',
    );
    return ['gc-plan', id, ...(isNamed ? [] : [this.standInModel!]), ...tokens.map(quoted)].join(' ');
  }

  /** On a terminal, and not as a document. */
  protected get isForAPerson(): boolean {
    return this.output === undefined && this.format === 'table' && this.io.stdout.isTTY === true;
  }

  /** Prints the report; a *no* is an answer, not a failure. */
  protected print(report: Reports[Name], answer: 'yes' | 'no'): Reports[Name] {
    const layout = {
      columns: columnsOf(this.io),
      colour: this.output === undefined && hasColour(this.io),
      details: this.details,
      command: this.commandTyped(),
      date: dayOf(this.io),
    };
    const rendered = `${this.render(report, layout)}\n`;
    // Names and notes come from files: nothing in them may command a terminal.
    const text = this.format === 'json' ? rendered : layout.colour ? printableInColour(rendered) : printable(rendered);
    if (this.output === undefined) this.io.stdout.write(this.format === 'github' ? toStepSummary(text, this.io) : text);
    else {
      writeAtomically(this.output, text);
      this.io.stderr.write(`${printable(this.output)}\n`);
    }
    this.exitCode = exitCodes[answer];
    return report;
  }
}

function parseFormat(typed: string | boolean = 'table'): Format {
  const name = String(typed);
  if (isFormat(name)) return name;
  throw new InputError('unknown-format', `--format ${shown(name)}: must be ${orList(formats)}.`, [
    `--format ${nearest(name, formats, 1)[0]}`,
  ]);
}
