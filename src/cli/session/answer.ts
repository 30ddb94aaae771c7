/**
 * One request of a session and its answer, a line of JSON each: `{"id": 1, "call": "estimate", "input": {…}}` gives `{"id": 1, "result": …}`
 * or `{"id": 1, "error": …}`. What a call takes is what the library's function of that name takes, which checks it.
 */
import { z } from 'zod';
import { InputError } from '../../errors.js';
import * as library from '../../library/index.js';
import type { ErrorReport } from '../../reports/error/schema.js';
import type { Report } from '../../reports/formats.js';
import { reportSchemas } from '../../reports/published-schemas.js';
import { type ReportName, rendererFor } from '../../reports/render.js';
import { collectingWarnings } from '../../warnings.js';
import { classify, exitCodes } from '../failure.js';
import { dayOf } from '../io.js';

const example = 'one line: {"id": 1, "call": "estimate", "input": {"model": "tiny"}}';

/** JSON has no infinity: `top: null` is every one of the front. */
const everyOne = z.looseObject({ top: z.null() });

/** A report that an earlier answer held, as a person reads it. */
const shown = z.strictObject({
  report: z.looseObject({ schema: z.string() }),
  format: z.enum(['table', 'html']),
  columns: z.int().min(40).max(1_000),
  /** The command line that gives it. */
  command: z.string(),
});

async function render(input: unknown): Promise<string> {
  const { report, format, columns, command } = parsed(shown, input, 'The input of render');
  const name = report.schema as ReportName;
  const schema = Object.hasOwn(reportSchemas, name) ? reportSchemas[name] : undefined;
  if (schema === undefined)
    throw new InputError('invalid-request', 'The input of render holds no report of gc-plan.', []);
  const draw = await rendererFor(name, format);
  const checked = parsed<Report>(schema, report, `The report ${name}`);
  return draw(checked as never, { columns, colour: false, command, date: dayOf({ env: process.env }) });
}

type Call = (input: never) => Promise<unknown>;

const calls: Readonly<Record<string, Call>> = {
  estimate: library.estimate,
  estimateTrace: library.estimateTrace,
  advise: library.advise,
  adviseTrace: library.adviseTrace,
  solve: library.solve,
  compare: library.compare,
  compareTrace: library.compareTraces,
  cards: library.cards,
  cardsTrace: library.cardsTrace,
  explain: library.explain,
  explainTrace: library.explainTrace,
  sweep: (input: library.SweepInput) =>
    library.sweep(everyOne.safeParse(input).success ? { ...input, top: Number.POSITIVE_INFINITY } : input),
  check: library.check,
  capture: library.capture,
  render,
};

const requestSchema = z.strictObject({
  id: z.int().nonnegative(),
  call: z.enum(Object.keys(calls)),
  input: z.unknown(),
});

function parsed<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `, ${issue.path.join('.')}`;
  throw new InputError('invalid-request', `${what}${where}: ${issue?.message}.`, [example]);
}

function readJson(line: string | undefined): unknown {
  if (line === undefined) throw new InputError('invalid-request', 'The line is too long.', [example]);
  try {
    return JSON.parse(line);
  } catch {
    throw new InputError('invalid-request', 'The line is not JSON.', [example]);
  }
}

export interface Answer {
  /** null: the request does not say which it is. */
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: ErrorReport;
  /** The error is gc-plan's own. */
  readonly bug?: true;
  /** What was noticed beside the answer. */
  readonly warnings?: readonly string[];
}

/** Whatever the line holds, it is answered. `undefined`: it was too long to be kept. */
export async function answerTo(line: string | undefined): Promise<Answer> {
  const warnings = new Set<string>();
  let id: number | null = null;
  const noticed = () => (warnings.size > 0 ? { warnings: [...warnings] } : {});
  try {
    const value = readJson(line);
    id = z.object({ id: z.int().nonnegative() }).safeParse(value).data?.id ?? null;
    const { call, input } = parsed(requestSchema, value, 'The request');
    const result = await collectingWarnings(warnings, () => calls[call]!(input as never));
    return { id, result, ...noticed() };
  } catch (error) {
    const { exit, report } = classify(error);
    return { id, error: report, ...(exit === exitCodes.bug && { bug: true }), ...noticed() };
  }
}
