/** `gc-plan advise --trace`: what follows from a recorded step alone, without its code. */
import { missingCard } from '../config/device.js';
import { type ModuleCall, recompute } from '../memory/recompute.js';
import { categoryCode } from '../memory/trace.js';
import type { RecordedAdvice } from '../reports/advise/schema.js';
import { knownCards } from '../search/cards.js';
import { quoted } from '../search/command-line.js';
import { tool } from '../version.js';
import {
  type CardAndAllocator,
  changeTo,
  commandWith,
  priceRecorded,
  type RecordedInput,
  type RecordedStep,
  recordedRules,
  recordedStep,
} from './recorded.js';

/** A line for less than this much of the card's bytes is noise. */
const smallestShare = 0.01;
const mostModules = 12;
/** Spikes are arrays of the operation that runs at the peak; what is below is the rest of the step. */
const mostSpikes = 5;

export async function adviseRecorded(input: RecordedInput): Promise<RecordedAdvice> {
  const step = await recordedStep(input);
  const { estimate } = step;
  const { config, memory, verdict } = estimate;
  const { device, reserveBytes } = config;
  if (device === null) throw missingCard('advise');
  const card = { device, reserveBytes, recipe: step.recipe };
  const modules = modulesWorthRecomputing(step, card);
  const smallestDevice = verdict.kind === 'fits' ? undefined : smallestCard(step, card);
  return {
    schema: 'gc-plan/advise@1',
    tool: tool(),
    config,
    memory,
    verdict,
    recompute: modules.map((each) => ({ ...each, confirm: confirmation(config.trace.source, each.module) })),
    optimizer: {
      bytes: memory.optimizerBytes,
      sharePercent: (100 * memory.optimizerBytes) / memory.peakLiveBytes,
      bytesPerParameter: memory.optimizerBytes / Math.max(1, estimate.parameters.count),
    },
    spike: spikeOf(step),
    ...otherSetting(step, card, input),
    ...(smallestDevice !== undefined && { smallestDevice }),
    accuracy: estimate.accuracy,
    assumptions: [
      ...estimate.assumptions,
      ...(step.calls.length === 0
        ? ['The trace does not say which module made what: nothing is said of recomputing modules.']
        : [
            'Recomputing a module is replayed here, not captured: its arrays go when its call ends and are made again before its backward pass. capture --checkpoint confirms it.',
          ]),
    ],
  };
}

/** `processor.3.edge` → `processor.*.edge`: modules that a loop made are wrapped together. */
const patternOf = (path: string): string => path.replace(/(^|\.)\d+(?=\.|$)/g, '$1*');

/** Those of one pattern that lie in no other of it. */
function outermost(calls: readonly ModuleCall[]): readonly ModuleCall[] {
  const sorted = calls.toSorted((a, b) => a.firstEvent - b.firstEvent || b.endEvent - a.endEvent);
  let end = -1;
  return sorted.filter(({ firstEvent, endEvent }) => {
    if (firstEvent < end) return false;
    end = endEvent;
    return true;
  });
}

type Module = Omit<RecordedAdvice['recompute'][number], 'confirm'>;

function modulesWorthRecomputing(step: RecordedStep, card: CardAndAllocator): readonly Module[] {
  const byPattern = new Map<string, ModuleCall[]>();
  for (const call of step.calls) {
    const pattern = patternOf(call.module);
    byPattern.set(pattern, [...(byPattern.get(pattern) ?? []), call]);
  }
  const before = step.estimate.memory;
  const found = [...byPattern].flatMap(([module, calls]): Module[] => {
    const changed = recompute(step, outermost(calls));
    if (changed.droppedBytes < smallestShare * before.deviceBytes) return [];
    const { liveness, process, verdict } = priceRecorded({ ...step, ...changed }, card);
    const savedBytes = before.deviceBytes - process.deviceBytes;
    if (savedBytes < smallestShare * before.deviceBytes) return [];
    return [
      {
        module,
        numCalls: calls.filter(({ firstEvent }) => firstEvent >= step.trace.lastStepFirstEvent).length,
        droppedBytes: changed.droppedBytes,
        repeatedFlops: changed.repeatedFlops,
        peakLiveBytes: liveness.peak.liveBytes,
        deviceBytes: process.deviceBytes,
        savedBytes,
        verdict,
      },
    ];
  });
  return found.sort((a, b) => worth(b) - worth(a)).slice(0, mostModules);
}

/** Bytes saved per FLOP repeated; what repeats no products comes first. */
const worth = ({ savedBytes, repeatedFlops }: Module): number => savedBytes / Math.max(1, repeatedFlops);

const confirmation = (source: string, module: string): string =>
  `gc-plan capture ${quoted(source)} --checkpoint ${quoted(module)}`;

/** What the operation at the peak has made, and what would be the peak without it. */
function spikeOf({ trace, bytesOfBuffer, liveness }: RecordedStep): RecordedAdvice['spike'] {
  const { event, phase, module, liveBytes } = liveness.peak;
  const alive = new Set<number>();
  for (let i = 0; i <= event; i++) {
    const each = trace.events[i]!;
    if (each > 0) alive.add(each - 1);
    else alive.delete(-each - 1);
  }
  const isTemporary = (buffer: number) => trace.bufferCategory[buffer] === categoryCode.temporary;
  const arrays = [...alive].filter(isTemporary).sort((a, b) => bytesOfBuffer[b]! - bytesOfBuffer[a]!);
  const bytes = arrays.reduce((sum, buffer) => sum + bytesOfBuffer[buffer]!, 0);
  return {
    bytes,
    sharePercent: (100 * bytes) / liveBytes,
    phase,
    module,
    arrays: arrays.slice(0, mostSpikes).map((buffer) => ({
      operation: trace.operations[trace.bufferOperation[buffer]!]!,
      shape: trace.layouts[trace.bufferLayout[buffer]!]!.shape.map(({ factor }) => factor),
      dtype: trace.layouts[trace.bufferLayout[buffer]!]!.dtype,
      bytes: bytesOfBuffer[buffer]!,
    })),
  };
}

function otherSetting(
  step: RecordedStep,
  card: CardAndAllocator,
  input: RecordedInput,
): Pick<RecordedAdvice, 'allocator'> {
  const other = recordedRules(step.head.framework).other(card.recipe);
  if (other === undefined) return {};
  const { process, verdict } = priceRecorded(step, { ...card, recipe: other.recipe }, step.liveness);
  const change = changeTo(other.recipe, card.recipe);
  return {
    allocator: {
      change,
      deviceBytes: process.deviceBytes,
      savedBytes: step.estimate.memory.deviceBytes - process.deviceBytes,
      verdict,
      command: commandWith(change, input),
      line: other.line,
    },
  };
}

const smallestCard = (step: RecordedStep, card: CardAndAllocator): string | undefined =>
  knownCards().find((device) => priceRecorded(step, { ...card, device }, step.liveness).verdict.kind === 'fits')?.name;
