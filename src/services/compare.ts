/** `gc-plan compare`: two configurations side by side, and what each difference between them costs. */
import { flagsBetween } from '../advise/apply.js';
import { gridName } from '../config/grid.js';
import { InputError } from '../errors.js';
import { modelDefinitions } from '../options/definitions/model.js';
import { type ResolveInput, resolverFor } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { Comparison } from '../reports/compare/schema.js';
import { bytesByCategory } from '../reports/estimate/numbers.js';
import type { Estimate, RecordedEstimate } from '../reports/estimate/schema.js';
import { estimateCommand, typedFlags } from '../search/command-line.js';
import { tool } from '../version.js';
import { estimateOf } from './priced.js';
import { type RecordedInput, recordedCommand, recordedStep } from './recorded.js';

export interface CompareInput {
  /** The first model, and the second where it is another one: names or files. */
  readonly models: readonly [string | undefined, (string | undefined)?];
  /** Flags of both. */
  readonly flags: Flags;
  /** Flags of the second alone, in the order in which they are tried. */
  readonly changes: Flags;
}

/** One of the changes on the way from the first configuration to the second, and the configuration behind it. */
interface Change {
  readonly change: string;
  readonly input: ResolveInput;
}

/** Two recorded steps, or one under another allocator or on another card: `trace` of both in `flags`, and of the second in `changes`. */
export async function compareRecorded({
  model,
  flags,
  changes,
}: Pick<RecordedInput, 'model' | 'flags'> & { readonly changes: Flags }): Promise<Comparison> {
  if (Object.keys(changes).length === 0)
    throw new InputError('nothing-to-compare', 'Both steps are the same.', [
      'gc-plan compare --trace before.trace.gz -- --trace after.trace.gz',
      'gc-plan compare --trace step.trace.gz --gpu l4 -- --gpu a100-40gb',
    ]);
  const inputOf = ({ trace, ...rest }: Flags): RecordedInput => ({ traceFile: String(trace), model, flags: rest });
  const inputs = [inputOf(flags), inputOf({ ...flags, ...changes })] as const;
  const [{ estimate: before }, { estimate: after }] = [await recordedStep(inputs[0]), await recordedStep(inputs[1])];
  const addedBytes = after.memory.deviceBytes - before.memory.deviceBytes;
  const sideOf = (
    { config, parameters, memory, verdict, accuracy, assumptions }: RecordedEstimate,
    input: RecordedInput,
  ) => ({
    ...{ config, parameters: parameters.count, memory, verdict, accuracy, assumptions },
    command: recordedCommand('estimate', input),
  });
  return {
    schema: 'gc-plan/compare@1',
    tool: tool(),
    before: sideOf(before, inputs[0]),
    after: sideOf(after, inputs[1]),
    addedBytes,
    categories: parts(new Map(bytesByCategory(before)), new Map(bytesByCategory(after))),
    modules: parts(modulesOf(before), modulesOf(after)),
    causes: [{ change: typedFlags(changes), deviceBytes: after.memory.deviceBytes, addedBytes }],
  };
}

export async function compare({ models, flags, changes }: CompareInput): Promise<Comparison> {
  const [first, second = first] = models;
  if (second === first && Object.keys(changes).length === 0)
    throw new InputError('nothing-to-compare', 'Both configurations are the same.', [
      'gc-plan compare graphcast-small graphcast-operational',
      'gc-plan compare graphcast-small --gpu rtx-4090 -- --batch 2',
    ]);
  const start: ResolveInput = { model: first, flags };
  const before = await priceOf(start);
  const other = second === first ? before : await priceOf({ model: second, flags });
  const priced = await pricedOneByOne([
    ...betweenModels([first, second], flags, before, other),
    ...typedOneByOne(second, flags, changes),
  ]);
  const { estimate: after, command } = priced.at(-1)!;
  return {
    schema: 'gc-plan/compare@1',
    tool: tool(),
    before: side(before, estimateCommand(first, flags)),
    after: side(after, command),
    addedBytes: after.memory.deviceBytes - before.memory.deviceBytes,
    categories: parts(new Map(bytesByCategory(before)), new Map(bytesByCategory(after))),
    modules: parts(modulesOf(before), modulesOf(after)),
    causes: priced.map(({ change, estimate: { memory } }, index) => {
      const previous = priced[index - 1]?.estimate ?? before;
      const { deviceBytes } = memory;
      return { change, deviceBytes, addedBytes: deviceBytes - previous.memory.deviceBytes };
    }),
  };
}

const priceOf = async (input: ResolveInput): Promise<Estimate> => estimateOf((await resolverFor(input))());

/** Two models of one code base differ key by key, and in whatever is left at the end; others differ as a whole. */
function betweenModels(
  [first, second]: CompareInput['models'],
  flags: Flags,
  { config: from }: Estimate,
  { config: to }: Estimate,
): readonly Change[] {
  if (first === second) return [];
  const last = { change: `${first} → ${second}`, input: { model: second, flags } };
  if (from.model.layout !== to.model.layout || from.runtime !== to.runtime) return [last];
  const differing: Flags = { ...modelFlags(from, to), ...flagsBetween(from.recipe, to.recipe) };
  const changes = typedOneByOne(first, flags, differing);
  return [...changes.slice(0, -1), { ...last, change: changes.at(-1)?.change ?? last.change }];
}

function modelFlags({ model: from }: Estimate['config'], { model: to }: Estimate['config']): Flags {
  const grids =
    from.counts || to.counts || gridName(from.grid) === gridName(to.grid)
      ? {}
      : { grid: gridName(to.grid).replace('×', 'x') };
  const keys = modelDefinitions.filter(({ key }) => from[key] !== to[key]);
  return { ...grids, ...Object.fromEntries(keys.map(({ key, name }) => [name, String(to[key])])) };
}

function typedOneByOne(model: string | undefined, flags: Flags, changes: Flags): readonly Change[] {
  let typed = flags;
  const set = Object.entries(changes).filter(([, value]) => value !== undefined);
  return set.map(([name, value]) => {
    typed = { ...typed, [name]: value };
    return { change: typedFlags({ [name]: value }), input: { model, flags: typed } };
  });
}

interface PricedChange {
  readonly change: string;
  readonly estimate: Estimate;
  readonly command: string;
}

/** A change that cannot stand without the next one is taken together with it. */
async function pricedOneByOne(changes: readonly Change[]): Promise<readonly PricedChange[]> {
  const priced: PricedChange[] = [];
  let pending: string[] = [];
  for (const [index, { change, input }] of changes.entries()) {
    pending.push(change);
    try {
      const estimate = await priceOf(input);
      priced.push({ change: pending.join(' '), estimate, command: estimateCommand(input.model, input.flags) });
      pending = [];
    } catch (error) {
      if (!(error instanceof InputError) || index === changes.length - 1) throw error;
    }
  }
  return priced;
}

function side(
  { config, parameters, memory, verdict, cost, accuracy, assumptions }: Estimate,
  command: string,
): Comparison['before'] {
  return { config, parameters: parameters.count, memory, verdict, cost, accuracy, assumptions, command };
}

type Bytes = ReadonlyMap<string, number>;

const modulesOf = ({ memory }: Pick<Estimate, 'memory'>): Bytes =>
  new Map(memory.byModule.map(({ module, bytes }) => [module, bytes]));

const parts = (before: Bytes, after: Bytes): Comparison['categories'] =>
  [...new Set([...before.keys(), ...after.keys()])].map((name) => ({
    name,
    beforeBytes: before.get(name) ?? 0,
    afterBytes: after.get(name) ?? 0,
  }));
