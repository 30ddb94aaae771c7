/** `gc-plan solve`: the largest value of one option that fits on a card, and the next one, which does not. */
import { flagsThatMake } from '../advise/apply.js';
import { cheapestSameRemedy, fitsWithChange, leanestSameRemedy, type SearchInput } from '../advise/cheapest.js';
import { plansOf } from '../advise/combinations.js';
import { costOf } from '../advise/costs.js';
import { Effort } from '../advise/effort.js';
import { memoryFraction } from '../advise/strategies/process.js';
import { typicalStrategies } from '../advise/typical.js';
import { formatCheckpoint } from '../config/checkpoint.js';
import { missingCard } from '../config/device.js';
import { orList, shown } from '../config/nearest.js';
import type { CheckpointPlan, Config, Device } from '../config/types.js';
import { InputError } from '../errors.js';
import type { Trace } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolverFor } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import { programOf } from '../parallel/index.js';
import type { Estimate } from '../reports/estimate/schema.js';
import type { Solution } from '../reports/solve/schema.js';
import { estimateCommand, typedFlags } from '../search/command-line.js';
import { lastTrue, solve as solveAmong } from '../search/solve.js';
import { periodOf, type Solvable, solvable, valuesOf } from '../search/solve-values.js';
import { tool } from '../version.js';
import { errorBar } from './accuracy.js';
import { mergedAssumptions } from './assumptions.js';
import { priced } from './priced.js';

export interface SolveInput extends ResolveInput {
  /** The option to be found. */
  readonly for: string | undefined;
}

export async function solve(input: SolveInput): Promise<Solution> {
  const key = parseKey(input);
  const resolve = await resolverFor(input);
  const { values, refused } = valuesOf(key, resolve);
  const { config } = values[0]!;
  const { device } = config;
  if (device === null) throw missingCard(`solve --for ${key}`);
  const { largest, numJudged, traceOf } = await solveAmong({
    numValues: values.length,
    configAt: (index) => values[index]!.config,
    device,
    errorBar: errorBar(config),
    period: periodOf(key, config),
    allowTight: config.allowTight,
  });
  const answerAt = (index: number) => {
    const text = values[index]?.text;
    if (text === undefined) return undefined;
    const flags: Flags = { [key]: text };
    const config = resolve(flags);
    const estimate = estimateOf(config, traceOf(config));
    return {
      answer: answerOf(Number(text), estimate, estimateCommand(input.model, { ...input.flags, ...flags })),
      estimate,
    };
  };
  const best = answerAt(largest);
  const next = answerAt(largest + 1);
  const planned =
    key === 'batch'
      ? await withPlan(input, resolve, { numValues: values.length, least: largest + 1, device })
      : undefined;
  const answers = [best, next].flatMap((answer) => answer?.estimate ?? []);
  return {
    schema: 'gc-plan/solve@1',
    tool: tool(),
    for: key,
    device,
    ...(best && { best: best.answer }),
    ...(next && { next: next.answer }),
    ...(planned && { withPlan: planned }),
    ...(!next &&
      refused && {
        refused: { value: Number(refused.text), reason: refused.refusal.reason, source: refused.refusal.source },
      }),
    numValues: values.length,
    numJudged,
    accuracy: answers[0]!.accuracy,
    assumptions: mergedAssumptions(answers.flatMap(({ assumptions }) => assumptions)),
  };
}

const estimateOf = (config: Config, trace: Trace): Estimate => priced(config, { program: programOf(config), trace });

/** The strategies that recompute, and the share of the card: what a batch costs with them is work, or nothing. */
const planStrategies = typicalStrategies.filter(({ touches, id }) => touches === 'plan' || id === memoryFraction.id);

interface PlanQuestion {
  readonly numValues: number;
  /** The largest batch without a plan. */
  readonly least: number;
  readonly device: Device;
}

const numParts = (plan: CheckpointPlan): number => formatCheckpoint(plan).split('+').length;

/**
 * The largest batch that some usual plan makes fit, with the cheapest of them; nothing where none is larger than `least` batches. What
 * recomputes most is asked first, often the leanest; where it ends, the leanest of all.
 */
async function withPlan(
  { model, flags }: SolveInput,
  resolve: (more: Flags) => Config,
  { numValues, least, device }: PlanQuestion,
): Promise<Solution['withPlan']> {
  const typed = resolve({ batch: '1' });
  if (typed.recipe.mode !== 'train') return undefined;
  const numbers = counts(typed.model);
  const effort = Effort.unlimited();
  const on = { device, errorBar: errorBar(typed) };
  const withBatch = ({ recipe, ...config }: Config, batchSize: number): Config => ({
    ...config,
    recipe: { ...recipe, batchSize },
  });
  const searchOf = (batch: number): SearchInput => {
    const config = withBatch(typed, batch);
    return { ...on, config, counts: numbers, effort, strategies: planStrategies };
  };
  let largest = least;
  const growWith = async (plan: Config): Promise<void> => {
    const fitsAt = async (batch: number) => fitsWithChange(searchOf(batch), withBatch(plan, batch));
    largest += 1 + (await lastTrue(numValues - largest, (index) => fitsAt(largest + 1 + index), 1));
  };
  const [mostRecomputed] = plansOf(planStrategies, typed).toSorted((a, b) => numParts(b) - numParts(a));
  if (mostRecomputed) await growWith({ ...typed, recipe: { ...typed.recipe, checkpoint: mostRecomputed } });
  while (largest < numValues) {
    const leanest = await leanestSameRemedy(searchOf(largest + 1));
    if (leanest === undefined) break;
    await growWith(leanest.config);
  }
  if (largest === least) return undefined;
  const remedy = await cheapestSameRemedy(searchOf(largest));
  if (remedy === undefined) return undefined;
  const planFlags = flagsThatMake(resolve, typed.recipe, { ...remedy.config.recipe, batchSize: 1 });
  const all: Flags = { ...planFlags, batch: String(largest) };
  const config = resolve(all);
  const estimate = estimateOf(config, effort.step(config, numbers).trace);
  if (estimate.verdict.kind !== 'fits') return undefined;
  return {
    ...answerOf(largest, estimate, estimateCommand(model, { ...flags, ...all })),
    change: typedFlags(planFlags),
    relativeCost: remedy.sampleFlops / costOf(typed, numbers).sampleFlops,
  };
}

function answerOf(
  value: number,
  { config, parameters, memory, verdict, cost, onCard }: Estimate,
  command: string,
): NonNullable<Solution['best']> {
  return { value, config, parameters: parameters.count, memory, verdict, cost, ...(onCard && { onCard }), command };
}

function parseKey({ for: typed, flags }: SolveInput): Solvable {
  const key = solvable.find((name) => name === typed?.replace(/^--/, ''));
  const examples = ['gc-plan solve --for batch --gpu a100-40gb', 'gc-plan solve --for hidden-dim --vram 24GB'];
  if (key === undefined) {
    const what = typed === undefined ? 'solve needs to know what to look for' : `--for ${shown(typed)}`;
    throw new InputError('unknown-key', `${what}: it must be ${orList(solvable)}.`, examples);
  }
  const typedToo = key === 'resolution' ? ['resolution', 'grid'] : [key];
  const conflict = typedToo.find((name) => flags[name] !== undefined);
  if (conflict !== undefined)
    throw new InputError(
      'conflicting-options',
      `--for ${key} looks for what --${conflict} gives: leave one of them out.`,
      [`Leave --${conflict} out.`],
    );
  return key;
}
