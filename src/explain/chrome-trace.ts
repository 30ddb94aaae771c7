/**
 * One step as a Chrome trace, for https://ui.perfetto.dev: a slice per operation and phase, a counter of live bytes by category.
 * Format: "Trace Event Format" of the Chromium project (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, 2026-11).
 */
import { subjectOf } from '../reports/config-line.js';
import type { Explanation } from '../reports/explain/schema.js';

/** An operation has no duration of its own here: each is drawn one millisecond long. */
const operationUs = 1000;

const phaseTrack = 1;
const operationTrack = 2;

export function chromeTrace(explanation: Explanation): string {
  const { operations, phases, categories, modules, config } = explanation;
  const track = { pid: 1 };
  const named = (tid: number, name: string) => ({ ph: 'M', ...track, tid, name: 'thread_name', args: { name } });
  const values = (names: readonly string[], bytes: readonly number[]) =>
    Object.fromEntries(names.map((name, index) => [name, bytes[index]]));
  return JSON.stringify({
    displayTimeUnit: 'ms',
    otherData: { command: explanation.command },
    traceEvents: [
      { ph: 'M', ...track, name: 'process_name', args: { name: `gc-plan: ${subjectOf(config)}, ${config.runtime}` } },
      named(phaseTrack, 'phases'),
      named(operationTrack, 'operations'),
      ...phases.map(({ phase, recompute, firstOperation, lastOperation }) => ({
        ph: 'X',
        ...track,
        tid: phaseTrack,
        name: recompute ? 'recompute' : phase,
        ts: firstOperation * operationUs,
        dur: (lastOperation - firstOperation + 1) * operationUs,
      })),
      ...operations.flatMap(({ operation, module, liveBytes, byCategory, byModule }, index) => {
        const ts = index * operationUs;
        return [
          {
            ph: 'X',
            ...track,
            tid: operationTrack,
            name: operation,
            cat: module,
            ts,
            dur: operationUs,
            args: { liveBytes },
          },
          { ph: 'C', ...track, name: 'live bytes by category', ts, args: values(categories, byCategory) },
          { ph: 'C', ...track, name: 'live bytes by module', ts, args: values(modules, byModule) },
        ];
      }),
    ],
  });
}
