/** A step that `gc-plan capture` recorded, in place of a model: what estimate, explain and check say of it. */
import { resolveDevice, standInDevice } from '../config/device.js';
import { orList } from '../config/nearest.js';
import { recipeOptions } from '../config/recipe-options.js';
import type { Device, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { type Liveness, liveness } from '../memory/liveness.js';
import { moduleGroups } from '../memory/module-groups.js';
import type { Trace } from '../memory/trace.js';
import { verdictOf } from '../memory/verdict.js';
import { type Flags, Typed } from '../options/typed.js';
import type { RecordedEstimate } from '../reports/estimate/schema.js';
import type { TraceHead } from '../reports/trace/schema.js';
import { oneCardRuntimes } from '../runtimes/index.js';
import { shareOf } from '../runtimes/on-card.js';
import type { ProcessMemory, RecordedRecipe } from '../runtimes/process.js';
import { labelOf, usableBytes } from '../runtimes/traits.js';
import type { RecordedSteps } from '../runtimes/types.js';
import { quoted } from '../search/command-line.js';
import { type CapturedTrace, readTrace } from '../verify/capture/trace-file.js';
import { tool } from '../version.js';
import { memoryReport } from './priced.js';

export interface RecordedInput {
  readonly traceFile: string;
  /** MODEL, which must not be there. */
  readonly model?: string | undefined;
  readonly flags: Flags;
}

export interface RecordedStep extends CapturedTrace {
  /** The trace with modules in at most twelve groups. */
  readonly grouped: Trace;
  readonly liveness: Liveness;
  readonly recipe: RecordedRecipe;
  readonly estimate: RecordedEstimate;
}

/** What every step leaves open once it is recorded; what else there is, its runtime says. */
const openFlags = ['gpu', 'vram', 'architecture', 'reserve', 'allow-tight'];
const openRecipe: Record<keyof RecordedRecipe, string> = {
  allocator: recipeOptions.allocator.name,
  memFraction: recipeOptions.memFraction.name,
  jaxAllocator: recipeOptions.jaxAllocator.name,
};

export const recordedRules = (framework: RuntimeName): RecordedSteps => oneCardRuntimes[framework].recorded!;

function checkFlags({ model, flags, traceFile }: RecordedInput, framework: RuntimeName): void {
  const open = [...openFlags, ...recordedRules(framework).open.map((key) => openRecipe[key])];
  if (model !== undefined)
    throw new InputError('conflicting-options', 'MODEL and --trace both say which step: give one of them.', [
      `gc-plan estimate --trace ${quoted(traceFile)}`,
    ]);
  const fixed = Object.keys(flags).filter((name) => flags[name] !== undefined && !open.includes(name));
  if (fixed.length > 0)
    throw new InputError(
      'fixed-by-trace',
      `--${fixed[0]}: a trace is a step as it ran; of ${labelOf(framework)}, only ${orList(open.map((name) => `--${name}`))} can be said beside it.`,
      ['change the step and capture it again'],
    );
}

export async function recordedStep(input: RecordedInput): Promise<RecordedStep> {
  const captured = await readTrace(input.traceFile);
  return estimateRecorded(captured, input);
}

/** What is taken of a card by a step on it. */
export interface OnCard {
  readonly liveness: Liveness;
  readonly process: ProcessMemory;
  readonly verdict: RecordedEstimate['verdict'];
}

export interface CardAndAllocator {
  /** null: no card was named. */
  readonly device: Device | null;
  readonly reserveBytes: number;
  readonly recipe: RecordedRecipe;
}

/** `live`: where it is known already. */
export function priceRecorded(
  { head, trace, bytesOfBuffer }: Pick<CapturedTrace, 'head' | 'trace' | 'bytesOfBuffer'>,
  { device, reserveBytes, recipe }: CardAndAllocator,
  live = liveness(trace, {}, bytesOfBuffer),
): OnCard {
  const usable = device === null ? undefined : usableBytes(device, recipe, head.framework, reserveBytes);
  const process = recordedRules(head.framework).process({
    trace,
    bytesOfBuffer,
    peakLiveBytes: live.peak.liveBytes,
    recipe,
    reserveBytes,
    device: device ?? standInDevice(),
    usableBytes: usable,
    compiled: head.compiled,
  });
  const card =
    device === null || usable === undefined ? null : { nominalBytes: device.nominalBytes, usableBytes: usable };
  return { liveness: live, process, verdict: verdictOf(process, card) };
}

/** @throws InputError where something is typed that a recorded step leaves no choice of. */
export function estimateRecorded(captured: CapturedTrace, input: RecordedInput): RecordedStep {
  const { head, trace, bytesOfBuffer } = captured;
  const { framework } = head;
  checkFlags(input, framework);
  const typed = new Typed(input.flags);
  const { device, reserveBytes, assumptions } = resolveDevice({
    gpu: typed.text('gpu'),
    vram: typed.text('vram'),
    architecture: typed.text('architecture') as never,
    reserve: typed.text('reserve'),
  });
  const recipe = recordedRecipe(typed);
  const card = { device, reserveBytes, recipe };
  const standIn = standInDevice();
  const priced = priceRecorded(captured, card);
  const { liveness: live, process, verdict } = priced;
  const isTraining = trace.marks.some(({ phase }) => phase === 'backward');
  const grouped = groupedBy(trace, live);
  const estimate: RecordedEstimate = {
    schema: 'gc-plan/estimate@1',
    tool: tool(),
    config: {
      runtime: framework,
      recipe: { mode: isTraining ? 'train' : 'inference', ...openOf(recipe, framework) },
      device,
      reserveBytes,
      allowTight: typed.isOn('allow-tight') ?? false,
      trace: describedTrace(captured, input),
    },
    parameters: head.parameters,
    memory: memoryOf(liveness(grouped, {}, bytesOfBuffer), process),
    peak: { phase: live.peak.phase, operation: live.peak.operation, index: live.peak.event },
    verdict: 'shortfallBytes' in verdict ? { ...verdict, ...otherSetting(captured, input, card, live) } : verdict,
    ...(device !== null && {
      onCard: {
        ...shareOf(oneCardRuntimes[framework], { device, recipe, runtime: framework, reserveBytes }),
        ...(process.recomputation !== undefined && { recomputation: process.recomputation }),
      },
    }),
    accuracy: {
      runtime: framework,
      codeBase: head.source,
      mode: isTraining ? 'train' : 'inference',
      checked: false,
      cases: 0,
      source: 'docs/capture.md says what captured steps were compared with',
    },
    assumptions: [
      ...head.unseen.map(({ what, why }) => `Not seen: ${what}: ${why}.`),
      ...head.notes,
      ...otherCard(head, device),
      ...assumptions,
      ...(device === null ? [`No card was named: context and library bytes are those of ${standIn.name}.`] : []),
    ],
  };
  return { ...captured, grouped, liveness: live, recipe, estimate };
}

/** The one change that a trace alone can be asked about. */
function otherSetting(captured: CapturedTrace, input: RecordedInput, card: CardAndAllocator, live: Liveness) {
  const other = recordedRules(captured.head.framework).other(card.recipe);
  // No setting holds arrays that are larger than the card.
  if (other === undefined || (card.device !== null && live.peak.liveBytes > card.device.nominalBytes)) return {};
  const { process, verdict } = priceRecorded(captured, { ...card, recipe: other.recipe }, live);
  if (verdict.kind !== 'fits') return {};
  const change = changeTo(other.recipe, card.recipe);
  return { smallestChange: { change, command: commandWith(change, input), deviceBytes: process.deviceBytes } };
}

const describedTrace = (
  { head }: CapturedTrace,
  { traceFile }: RecordedInput,
): RecordedEstimate['config']['trace'] => ({
  file: traceFile,
  source: head.source,
  versions: head.versions,
  ...(head.compiled && { compiledFor: head.compiled.card }),
  numBuffers: head.numBuffers,
  numEvents: head.numEvents,
});

function recordedRecipe(typed: Typed): RecordedRecipe {
  const { allocator, memFraction, jaxAllocator } = recipeOptions;
  return {
    allocator: (typed.get(allocator.name) as RecordedRecipe['allocator'] | undefined) ?? allocator.default,
    memFraction: typed.number(memFraction.name) ?? memFraction.default,
    jaxAllocator: (typed.get(jaxAllocator.name) as RecordedRecipe['jaxAllocator'] | undefined) ?? jaxAllocator.default,
  };
}

/** What a report says of it: the rest is another runtime's. */
const openOf = (recipe: RecordedRecipe, framework: RuntimeName): Partial<RecordedRecipe> =>
  Object.fromEntries(recordedRules(framework).open.map((key) => [key, recipe[key]]));

/** The flags that make the one of the other. */
export const changeTo = (wanted: RecordedRecipe, recipe: RecordedRecipe): string =>
  (Object.keys(openRecipe) as (keyof RecordedRecipe)[])
    .filter((key) => wanted[key] !== recipe[key])
    .map((key) => `--${openRecipe[key]} ${wanted[key]}`)
    .join(' ');

/** The estimate with a change, which wins over what was typed. */
export function commandWith(change: string, { traceFile, flags }: RecordedInput): string {
  const [name = ''] = change.slice(2).split(' ');
  const { [name]: _, ...rest } = flags;
  return `gc-plan estimate --trace ${quoted(traceFile)} ${change}${typedFlags(rest)}`;
}

function otherCard({ compiled }: TraceHead, device: Device | null): readonly string[] {
  if (compiled === undefined || device === null || device.name === compiled.card) return [];
  return [`Compiled for ${compiled.card}: for ${device.name} XLA may choose other kernels and fuse otherwise.`];
}

/** In the order of a command line: what the framework leaves open, the card, switches. */
const typedFlags = (flags: Flags): string =>
  [...Object.values(openRecipe), ...openFlags]
    .flatMap((name) => {
      const value = flags[name];
      if (value === undefined || value === false) return [];
      return value === true ? [` --${name}`] : [` --${name} ${quoted(value)}`];
    })
    .join('');

export const recordedCommand = (command: string, { traceFile, flags }: RecordedInput): string =>
  `gc-plan ${command} --trace ${quoted(traceFile)}${typedFlags(flags)}`;

/** The largest module first: what a step of one's own is made of, nobody knows beforehand. */
function memoryOf(step: Liveness, process: ProcessMemory): RecordedEstimate['memory'] {
  const memory = memoryReport(step, process);
  return { ...memory, byModule: memory.byModule.toSorted((a, b) => b.bytes - a.bytes) };
}

function groupedBy(trace: Trace, { byModule }: Liveness): Trace {
  const groupOf = moduleGroups(trace.modules, (path) => byModule.get(path) ?? 0);
  const modules = [...new Set(groupOf.values())];
  const indexOf = new Map(modules.map((group, index) => [group, index]));
  const groups = trace.modules.map((path) => indexOf.get(groupOf.get(path)!)!);
  return { ...trace, modules, bufferModule: trace.bufferModule.map((module) => groups[module]!) };
}
