/** What is alive when: the peak of a trace's last step, and what the bytes at the peak are. */

import { InputError } from '../errors.js';
import type { Dimensions } from '../ir/shape.js';
import { bufferBytes, type Category, categories, type Phase, phases, type Trace } from './trace.js';

export interface Peak {
  readonly liveBytes: number;
  /** Index of the allocation after which the bytes are alive. */
  readonly event: number;
  readonly phase: Phase;
  /** The operation that made the allocation. */
  readonly operation: string;
  readonly module: string;
}

export interface Liveness {
  readonly peak: Peak;
  readonly byCategory: Readonly<Record<Category, number>>;
  readonly byModule: ReadonlyMap<string, number>;
  readonly phases: readonly { readonly phase: Phase; readonly peakLiveBytes: number }[];
  /** Alive when the last step's first forward pass has ended. */
  readonly forwardEndBytes: number;
}

/** Peak of the last step alone; what a search needs. */
export function peakLiveBytes(trace: Trace, bytesOfBuffer: Float64Array): number {
  const { events, lastStepFirstEvent } = trace;
  let live = 0;
  let peak = 0;
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    if (event > 0) {
      live += bytesOfBuffer[event - 1]!;
      if (live > peak && i >= lastStepFirstEvent) peak = live;
    } else {
      live -= bytesOfBuffer[-event - 1]!;
    }
  }
  return peak;
}

export function liveness(
  trace: Trace,
  dimensions: Dimensions,
  bytesOfBuffer = bufferBytes(trace, dimensions),
): Liveness {
  const { events, marks, lastStepFirstEvent } = trace;
  const phasePeaks = new Map<Phase, number>();
  let live = 0;
  let peakBytes = -1;
  let peakEvent = lastStepFirstEvent;
  let peakPhase: Phase = 'setup';
  let forwardEndBytes: number | undefined;
  let nextMark = 0;
  let phase: Phase = 'setup';
  for (let i = 0; i < events.length; i++) {
    while (marks[nextMark]?.firstEvent === i) {
      const next = marks[nextMark++]!.phase;
      if (i > lastStepFirstEvent && phase === 'forward' && next !== 'forward') forwardEndBytes ??= live;
      phase = next;
    }
    const event = events[i]!;
    live += event > 0 ? bytesOfBuffer[event - 1]! : -bytesOfBuffer[-event - 1]!;
    if (i < lastStepFirstEvent) continue;
    if (live > (phasePeaks.get(phase) ?? 0)) phasePeaks.set(phase, live);
    if (live > peakBytes) {
      peakBytes = live;
      peakEvent = i;
      peakPhase = phase;
    }
  }
  const maker = Math.abs(events[peakEvent] ?? 1) - 1;
  const { byCategory, byModule } = breakdown(trace, bytesOfBuffer, aliveAfter(trace, peakEvent));
  return {
    peak: {
      liveBytes: peakBytes,
      event: peakEvent,
      phase: peakPhase,
      operation: trace.operations[trace.bufferOperation[maker]!] ?? '',
      module: trace.modules[trace.bufferModule[maker]!] ?? 'other',
    },
    byCategory,
    byModule,
    phases: phases.flatMap((name) => {
      const peakLiveBytes = phasePeaks.get(name);
      return peakLiveBytes === undefined ? [] : [{ phase: name, peakLiveBytes }];
    }),
    forwardEndBytes: forwardEndBytes ?? live,
  };
}

/** Buffers alive after the event, in order of allocation. */
export function aliveAfter(trace: Trace, event: number): number[] {
  const alive = new Uint8Array(trace.bufferLayout.length);
  for (let i = 0; i <= event; i++) {
    const change = trace.events[i]!;
    alive[Math.abs(change) - 1] = change > 0 ? 1 : 0;
  }
  const buffers: number[] = [];
  for (let buffer = 0; buffer < alive.length; buffer++) if (alive[buffer] === 1) buffers.push(buffer);
  return buffers;
}

function breakdown(
  trace: Trace,
  bytesOfBuffer: Float64Array,
  alive: readonly number[],
): Pick<Liveness, 'byCategory' | 'byModule'> {
  const perCategory = categories.map(() => 0);
  const byModule = new Map<string, number>();
  for (const buffer of alive) {
    const bytes = bytesOfBuffer[buffer]!;
    perCategory[trace.bufferCategory[buffer]!]! += bytes;
    const module = trace.modules[trace.bufferModule[buffer]!]!;
    byModule.set(module, (byModule.get(module) ?? 0) + bytes);
  }
  const byCategory = Object.fromEntries(categories.map((category, i) => [category, perCategory[i]!])) as Record<
    Category,
    number
  >;
  return { byCategory, byModule };
}

/** 4 PiB: up to there twice a step's bytes is below 2⁵³, up to which a float64 holds whole numbers exactly. */
const largestStepBytes = 2 ** 52;

/** Within the limits of every option a step may still be one whose bytes would be rounded. */
export function checkCountable(peakLiveBytes: number): void {
  if (peakLiveBytes <= largestStepBytes) return;
  const pebibytes = Math.round(peakLiveBytes / 2 ** 50).toLocaleString('en-US');
  throw new InputError('out-of-range', `the step needs ${pebibytes} PiB; bytes are counted exactly up to 4 PiB`, [
    'a smaller --batch, --hidden-dim or --layers, or fewer edges',
  ]);
}
