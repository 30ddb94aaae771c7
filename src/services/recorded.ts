/** A step that `gc-plan capture` recorded, in place of a model: what estimate, explain and check say of it. */
import { resolveDevice, standInDevice } from '../config/device.js';
import { orList } from '../config/nearest.js';
import type { Device, Recipe } from '../config/types.js';
import { InputError } from '../errors.js';
import { type Liveness, liveness } from '../memory/liveness.js';
import { moduleGroups } from '../memory/module-groups.js';
import type { Trace } from '../memory/trace.js';
import { verdictOf } from '../memory/verdict.js';
import { type Flags, Typed } from '../options/typed.js';
import type { RecordedEstimate } from '../reports/estimate/schema.js';
import { oneCardRuntimes } from '../runtimes/index.js';
import { allThatIsReported } from '../runtimes/on-card.js';
import type { ProcessMemory } from '../runtimes/process.js';
import { usableBytes } from '../runtimes/traits.js';
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
  readonly estimate: RecordedEstimate;
}

/** All that a step leaves open once it is recorded. */
const openFlags = ['gpu', 'vram', 'architecture', 'reserve', 'allow-tight', 'allocator'];

function checkFlags({ model, flags, traceFile }: RecordedInput): void {
  if (model !== undefined)
    throw new InputError('conflicting-options', 'MODEL and --trace both say which step: give one of them.', [
      `gc-plan estimate --trace ${quoted(traceFile)}`,
    ]);
  const fixed = Object.keys(flags).filter((name) => flags[name] !== undefined && !openFlags.includes(name));
  if (fixed.length > 0)
    throw new InputError(
      'fixed-by-trace',
      `--${fixed[0]}: a trace is a step as it ran; only ${orList(openFlags.map((name) => `--${name}`))} can be said beside it.`,
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
  readonly allocator: Recipe['allocator'];
}

/** `live`: where it is known already. */
export function priceRecorded(
  { head, trace, bytesOfBuffer }: Pick<CapturedTrace, 'head' | 'trace' | 'bytesOfBuffer'>,
  { device, reserveBytes, allocator }: CardAndAllocator,
  live = liveness(trace, {}, bytesOfBuffer),
): OnCard {
  const usable = device === null ? undefined : usableBytes(device, { memFraction: 1 }, head.framework, reserveBytes);
  const process = oneCardRuntimes[head.framework].recorded!({
    trace,
    bytesOfBuffer,
    peakLiveBytes: live.peak.liveBytes,
    allocator,
    device: device ?? standInDevice(),
    usableBytes: usable,
  });
  const card =
    device === null || usable === undefined ? null : { nominalBytes: device.nominalBytes, usableBytes: usable };
  return { liveness: live, process, verdict: verdictOf(process, card) };
}

/** @throws InputError where something is typed that a recorded step leaves no choice of. */
export function estimateRecorded(captured: CapturedTrace, input: RecordedInput): RecordedStep {
  checkFlags(input);
  const typed = new Typed(input.flags);
  const { head, trace, bytesOfBuffer } = captured;
  const { device, reserveBytes, assumptions } = resolveDevice({
    gpu: typed.text('gpu'),
    vram: typed.text('vram'),
    architecture: typed.text('architecture') as never,
    reserve: typed.text('reserve'),
  });
  const allocator = (typed.text('allocator') as Recipe['allocator'] | undefined) ?? 'native';
  const standIn = standInDevice();
  const priced = priceRecorded(captured, { device, reserveBytes, allocator });
  const { liveness: live, process, verdict } = priced;
  const isTraining = trace.marks.some(({ phase }) => phase === 'backward');
  const grouped = groupedBy(trace, live);
  const estimate: RecordedEstimate = {
    schema: 'gc-plan/estimate@1',
    tool: tool(),
    config: {
      runtime: head.framework,
      recipe: { mode: isTraining ? 'train' : 'inference', allocator },
      device,
      reserveBytes,
      allowTight: typed.isOn('allow-tight') ?? false,
      trace: {
        file: input.traceFile,
        source: head.source,
        versions: head.versions,
        numBuffers: head.numBuffers,
        numEvents: head.numEvents,
      },
    },
    parameters: head.parameters,
    memory: memoryOf(liveness(grouped, {}, bytesOfBuffer), process),
    peak: { phase: live.peak.phase, operation: live.peak.operation, index: live.peak.event },
    verdict: 'shortfallBytes' in verdict && allocator === 'native' ? { ...verdict, ...withExpandable() } : verdict,
    ...(device !== null && { onCard: { usable: allThatIsReported({ reserveBytes }) } }),
    accuracy: {
      runtime: head.framework,
      codeBase: head.source,
      mode: isTraining ? 'train' : 'inference',
      checked: false,
      cases: 0,
      source: 'docs/capture.md says what captured steps were compared with',
    },
    assumptions: [
      ...head.unseen.map(({ what, why }) => `Not seen: ${what}: ${why}.`),
      ...head.notes,
      ...assumptions,
      ...(device === null ? [`No card was named: context and library bytes are those of ${standIn.name}.`] : []),
    ],
  };
  return { ...captured, grouped, liveness: live, estimate };

  /** The one change that a trace alone can be asked about. */
  function withExpandable() {
    const { process: expandable, verdict: then } = priceRecorded(
      captured,
      { device, reserveBytes, allocator: 'expandable' },
      live,
    );
    if (then.kind !== 'fits') return {};
    const change = '--allocator expandable';
    const command = `gc-plan estimate --trace ${quoted(input.traceFile)} ${change}${cardFlags(input.flags)}`;
    return { smallestChange: { change, command, deviceBytes: expandable.deviceBytes } };
  }
}

const cardFlags = (flags: Flags): string =>
  ['gpu', 'vram', 'architecture', 'reserve']
    .flatMap((name) => (flags[name] === undefined ? [] : [` --${name} ${quoted(String(flags[name]))}`]))
    .join('');

export const recordedCommand = (command: string, { traceFile, flags }: RecordedInput): string => {
  const allocator = flags.allocator === undefined ? '' : ` --allocator ${String(flags.allocator)}`;
  const tight = flags['allow-tight'] === true ? ' --allow-tight' : '';
  return `gc-plan ${command} --trace ${quoted(traceFile)}${allocator}${cardFlags(flags)}${tight}`;
};

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
