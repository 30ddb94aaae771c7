import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandNames, isCommandName } from '../../src/cli/command-table.js';
import { reportSchemas } from '../../src/reports/published-schemas.js';
import { ordered } from '../laws/ordered.js';
import { commandLines } from './command-lines.js';
import type { Line } from './configured-lines.js';
import { invoke, type Run } from './invoke.js';

const root = mkdtempSync(join(tmpdir(), 'gc-plan-fuzz-'));
const folder = join(root, 'here');
const home = process.cwd();
beforeAll(() => {
  process.env.XDG_DATA_HOME = join(root, 'data');
});
afterAll(() => {
  process.chdir(home);
  rmSync(root, { recursive: true, force: true });
});

async function run({ argv, files, before }: Line): Promise<Run> {
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  process.chdir(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text);
  if (before !== undefined) await invoke(before);
  return invoke(argv);
}

/** Before `--`, behind which words are words. */
function tokensOf(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

/** What the line was to print on stdout, wherever it went. */
function printedBy({ argv }: Line, { stdout, stderr }: Run): string {
  const at = argv.findLastIndex((token) => token.startsWith('--output'));
  if (stdout !== '' || at < 0) return stdout;
  // A name may be a space, and one of control characters is not printed as it is.
  const printed = stderr.replace(/\n$/, '').split('\n').at(-1)!;
  const typed = argv[at]!.split('=')[1] ?? argv[at + 1]!;
  const file = existsSync(printed) ? printed : typed;
  return statSync(file).isFile() ? readFileSync(file, 'utf8') : stdout;
}

const isAnswer = (report: { readonly schema: string }): boolean => !/\/(error|help|version)@/.test(report.schema);

/** `undefined`, `[object Object]` and numbers that are none have no place in a table; what was typed may come back in one. */
const leak = /\bNaN\b|\bundefined\b|\[object |-?\bInfinity\b/;

interface Yes {
  readonly verdict: { readonly kind: string };
  readonly config: { readonly allowTight: boolean };
  readonly candidates: { readonly fits: number };
  readonly best?: unknown;
  readonly cheapest?: unknown;
  readonly passed: boolean;
}

/** Report name → whether it says yes, where a report can say no. */
const yes: Readonly<Record<string, (report: Yes) => boolean>> = {
  'gc-plan/estimate@1': ({ verdict: { kind }, config }) =>
    kind === 'fits' || kind === 'unknown' || (kind === 'tight' && config.allowTight),
  'gc-plan/sweep@1': ({ candidates }) => candidates.fits > 0,
  'gc-plan/solve@1': ({ best }) => best !== undefined,
  'gc-plan/advise@1': ({ verdict, cheapest }) => verdict.kind === 'fits' || cheapest !== undefined,
  'gc-plan/cards@1': ({ cheapest }) => cheapest !== undefined,
  'gc-plan/check@1': ({ passed }) => passed,
  'gc-plan/validate@1': ({ passed }) => passed,
  'gc-plan/verify@1': ({ verdict }) => verdict.kind === 'within',
  'gc-plan/verify-plan@1': ({ verdict }) => verdict.kind === 'within',
  'gc-plan/measured@1': ({ verdict }) => verdict.kind === 'within',
};

/** What is wrong with an answer, if anything is. */
function mistakeIn(line: Line, result: Run): string | undefined {
  const { exit } = result;
  if (![0, 1, 2].includes(exit)) return `exit ${exit}`;
  const tokens = tokensOf(line.argv);
  const isJson = tokens.some((token) => token === '--json' || token.startsWith('--json='));
  if (exit === 2) return isJson ? mistakeInError(line, result) : mistakeInMessage(line, result);
  const printed = printedBy(line, result);
  // Help is text, whatever the format of a report; `--output -h` asks for it too.
  const isHelp = tokens.some((token) => token === '-h' || token.startsWith('--help'));
  const isReport = isJson || (!isHelp && isCommandName(line.argv[0]!) && /--format[ =]json/.test(tokens.join(' ')));
  return isReport ? mistakeInReport(printed, exit) : mistakeInWords(printed.replaceAll(scripts, ''), line);
}

const scripts = /<script[\s\S]*?<\/script>/g;

/** What was typed may come back. */
function mistakeInWords(text: string, { argv, files }: Line): string | undefined {
  const [found] = leak.exec(text) ?? [];
  return found !== undefined && !JSON.stringify([argv, files]).includes(found) ? `prints ${found}` : undefined;
}

function mistakeInError(line: Line, { stdout, stderr }: Run): string | undefined {
  const { message, code, nextSteps } = reportSchemas['gc-plan/error@1'].parse(JSON.parse(stdout));
  if (stderr.includes(message)) return 'an error on stdout and on stderr';
  if (code === 'internal-error' || message.trim() === '') return `error ${code}: ${message}`;
  if (nextSteps.length === 0 || nextSteps.some((step) => step.trim() === '')) return `${code} has no next step`;
  return mistakeInWords([message, ...nextSteps].join('\n'), line);
}

function mistakeInMessage(line: Line, { stdout, stderr }: Run): string | undefined {
  if (stdout !== '') return 'an error on stdout';
  if (!/^gc-plan: [\s\S]+\n( {2}→ .+\n)+/m.test(stderr)) return 'an error without a next step';
  return mistakeInWords(stderr, line);
}

function mistakeInReport(printed: string, exit: number): string | undefined {
  const report = JSON.parse(printed);
  if (!isAnswer(report)) return report.schema.includes('error') ? `exit ${exit} with an error` : undefined;
  const schema = reportSchemas[report.schema as keyof typeof reportSchemas];
  const parsed = schema.safeParse(report);
  if (!parsed.success)
    return `no ${report.schema}: ${parsed.error.issues[0]!.path.join('.')} ${parsed.error.issues[0]!.message}`;
  ordered(report);
  const says = yes[report.schema]?.(report) ?? true;
  return says === (exit === 0) ? undefined : `exit ${exit} with ${says ? 'a yes' : 'a no'}`;
}

interface Failure {
  readonly mistake: string;
  readonly line: Line;
}

async function failureOf(line: Line, count: (exit: number) => void): Promise<Failure | undefined> {
  try {
    const result = await run(line);
    count(result.exit);
    const mistake = mistakeIn(line, result);
    return mistake === undefined ? undefined : { mistake: `${mistake}\n${result.stderr.slice(0, 500)}`, line };
  } catch (error) {
    return { mistake: (error as Error).stack!.slice(0, 1_500), line };
  }
}

/** 20,000 in `npm run fuzz`. */
const numRuns = Number(process.env.GC_PLAN_FUZZ_RUNS ?? 1_000);
const isLong = process.env.GC_PLAN_FUZZ_RUNS !== undefined;
const seed = Number(process.env.SEED ?? 20261129);

/** Of a command: how often it exited 0, 1 and 2, and the seconds of computing that took. */
interface Tally {
  readonly exits: [yes: number, no: number, input: number];
  seconds: number;
}

const shown = ({ mistake, line }: Failure): string => `${mistake}\n${JSON.stringify(line)}`;
const validation: Line = { argv: ['validate', '--json'], files: {} };

describe('any command line', () => {
  it(`is answered or refused, with ordered numbers or a next step (${numRuns} lines, seed ${seed})`, {
    timeout: 14_400_000,
  }, async () => {
    const tallies = new Map<string, Tally>(
      [...commandNames, 'none'].map((name) => [name, { exits: [0, 0, 0], seconds: 0 }]),
    );
    const failures: Failure[] = [];
    for (const [i, line] of [validation, ...fc.sample(commandLines, { numRuns, seed })].entries()) {
      if (isLong && i % 500 === 0) console.log(`${i} lines, ${Math.round(process.cpuUsage().user / 1e6)} s`);
      const tally = tallies.get(line.argv[0]!) ?? tallies.get('none')!;
      const start = process.cpuUsage();
      const failure = await failureOf(line, (exit) => {
        tally.exits[exit as 0] += 1;
      });
      const seconds = process.cpuUsage(start).user / 1e6;
      tally.seconds += seconds;
      // A long run says what it finds as it finds it.
      if (isLong && seconds > 3) console.log(`${seconds.toFixed(1)} s: ${line.argv.join(' ')}`);
      if (isLong && failure !== undefined) console.log(shown(failure));
      if (failure !== undefined) failures.push(failure);
    }
    if (isLong) console.log(Object.fromEntries(tallies));
    expect(failures.slice(0, 12).map(shown), `${failures.length} of them`).toEqual([]);
    // A generator of nonsense would reach nothing.
    const numAnswered = ({ exits: [yes, no] }: Tally) => yes + no;
    // capture and grow answer where Python has torch or NumPy: tests/verify.
    for (const name of commandNames.filter((each) => each !== 'capture' && each !== 'grow'))
      if (!isLong || numRuns >= 5_000) expect(numAnswered(tallies.get(name)!), name).toBeGreaterThan(0);
    const answered = [...tallies.values()].reduce((total, tally) => total + numAnswered(tally), 0);
    expect(answered / numRuns).toBeGreaterThan(0.4);
  });
});
