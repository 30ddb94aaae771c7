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
import type { Arguments, Flags } from './flags.js';
import { columnsOf, dayOf, hasColour, type Io } from './io.js';
import { parseTokens, type Typed } from './parse.js';
import { toStepSummary } from './step-summary.js';

export abstract class ReportCommand<Name extends ReportName = ReportName> {
  static readonly summary: string;
  static readonly examples: readonly string[];
  static readonly args: Arguments = {};
  static readonly flags: Flags;

  protected abstract readonly report: Name;
  private render!: Renderer<Reports[Name]>;
  private format!: Format;
  private output: string | undefined;
  private details = false;
  private hasSubject = false;
  /** The model that is taken where none was typed. */
  protected readonly standInModel: string | undefined = modelUnnamed;
  private exitCode: ExitCode = exitCodes.yes;

  /** `name`: as it was typed. `argv`: what was typed behind it. */
  constructor(
    private readonly name: string,
    protected argv: readonly string[],
    protected readonly io: Io,
  ) {}

  abstract run(): Promise<Reports[Name]>;

  /** Runs, and gives the exit code; every failure is thrown. */
  async execute(): Promise<ExitCode> {
    await this.run();
    return this.exitCode;
  }

  /** What the class states. */
  private get stated(): typeof ReportCommand {
    return this.constructor as typeof ReportCommand;
  }

  /** The flags of this run, the ones that say how to print (`--json --format --output`) taken out and obeyed. */
  protected async typed(): Promise<Typed> {
    const parsed = this.tokens(this.argv);
    const { json, format, output, details, ...flags } = parsed.flags;
    this.details = details === true;
    this.output = output === undefined ? undefined : String(output);
    const typedFormat = parseFormat(format);
    this.format = json ? 'json' : typedFormat;
    this.hasSubject = [parsed.args.model, flags.import, flags.trace].some((typed) => typed !== undefined);
    this.render = await rendererFor(this.report, this.format);
    return { args: parsed.args, flags };
  }

  protected tokens(argv: readonly string[]): Typed {
    return parseTokens(argv, this.name, this.stated.flags, this.stated.args);
  }

  /** What gives the same answer: the model named, and nothing that says how much of it is printed or where to. */
  private commandTyped(): string {
    const isNamed = !('model' in this.stated.args) || this.standInModel === undefined || this.hasSubject;
    const tokens = this.argv.filter(
      (token, index) =>
        token !== '--details' &&
        !token.startsWith('--output=') &&
        token !== '--output' &&
        this.argv[index - 1] !== '--output',
    );
    return ['gc-plan', this.name, ...(isNamed ? [] : [this.standInModel!]), ...tokens.map(quoted)].join(' ');
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
