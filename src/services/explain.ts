/** `gc-plan explain`: what is alive through one training step, and the largest arrays at its peak. */

import { standInDevice } from '../config/device.js';
import { arraysAtPeak } from '../explain/arrays.js';
import { chromeTrace } from '../explain/chrome-trace.js';
import { memorySnapshot } from '../explain/snapshot.js';
import { type Timeline, timelineOf } from '../explain/timeline.js';
import { bufferBytes, categories } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import { price } from '../price.js';
import type { Explanation } from '../reports/explain/schema.js';
import { commandLine } from '../search/command-line.js';
import { tool } from '../version.js';
import { reportedAccuracy } from './accuracy.js';
import { reportedConfig } from './priced.js';
import { writeAtomically } from './write.js';

export interface ExplainInput extends ResolveInput {
  /** What the timeline is stacked by. */
  readonly by?: Explanation['by'];
  /** How many arrays to list. */
  readonly top?: number;
  /** A file to write the step to, as a PyTorch memory snapshot. */
  readonly snapshot?: string;
  /** A file to write the step to, as a Chrome trace. */
  readonly perfetto?: string;
}

export async function explain({
  by = 'category',
  top = 10,
  snapshot,
  perfetto,
  ...input
}: ExplainInput): Promise<Explanation> {
  const resolved = await resolveConfig(input);
  const priced = price(resolved, counts(resolved.model), standInDevice());
  const { trace, dimensions, liveness, verdict, assumptions } = priced;
  const { peak } = liveness;
  const bytesOfBuffer = bufferBytes(trace, dimensions);
  const timeline = timelineOf(trace, bytesOfBuffer);
  const arrays = arraysAtPeak(trace, dimensions, bytesOfBuffer, liveness, timeline);
  const explanation: Explanation = {
    schema: 'gc-plan/explain@1',
    tool: tool(),
    config: reportedConfig(resolved),
    command: commandLine('explain', input.model, input.flags),
    by,
    categories: [...categories],
    modules: trace.modules,
    phases: phasesOf(timeline),
    operations: timeline.operations,
    peak: {
      phase: peak.phase,
      operation: peak.operation,
      module: peak.module,
      at: timeline.operationAt(peak.event) ?? 0,
      liveBytes: peak.liveBytes,
      numArrays: arrays.length,
    },
    largest: arrays.slice(0, top),
    verdict,
    accuracy: reportedAccuracy(resolved),
    assumptions,
  };
  if (snapshot !== undefined) writeAtomically(snapshot, memorySnapshot(trace, dimensions, bytesOfBuffer), '--snapshot');
  if (perfetto !== undefined) writeAtomically(perfetto, chromeTrace(explanation), '--perfetto');
  return explanation;
}

function phasesOf({ operations }: Timeline): Explanation['phases'] {
  const phases: Explanation['phases'][number][] = [];
  for (const [index, { phase, recompute, liveBytes }] of operations.entries()) {
    const last = phases.at(-1);
    if (last?.phase === phase && last.recompute === recompute) {
      phases[phases.length - 1] = {
        ...last,
        lastOperation: index,
        peakLiveBytes: Math.max(last.peakLiveBytes, liveBytes),
      };
    } else phases.push({ phase, recompute, firstOperation: index, lastOperation: index, peakLiveBytes: liveBytes });
  }
  return phases;
}
