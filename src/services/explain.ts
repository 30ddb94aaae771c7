/** `gc-plan explain`: what is alive through one training step, and the largest arrays at its peak. */

import { standInDevice } from '../config/device.js';
import { arraysAtPeak, likeArrays } from '../explain/arrays.js';
import { chromeTrace } from '../explain/chrome-trace.js';
import { memorySnapshot } from '../explain/snapshot.js';
import { phasesOf, timelineOf } from '../explain/timeline.js';
import type { Dimensions } from '../ir/shape.js';
import type { Liveness } from '../memory/liveness.js';
import { bufferBytes, categories, type Trace } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import { price } from '../price.js';
import type { Explanation } from '../reports/explain/schema.js';
import { commandLine } from '../search/command-line.js';
import { tool } from '../version.js';
import { reportedAccuracy } from './accuracy.js';
import { reportedConfig } from './priced.js';
import { type RecordedInput, recordedCommand, recordedStep } from './recorded.js';
import { writeAtomically } from './write.js';

export interface ExplainInput extends ResolveInput {
  /** In place of a model: a step that `gc-plan capture` recorded. */
  readonly traceFile?: string | undefined;
  /** What the timeline is stacked by. */
  readonly by?: Explanation['by'];
  /** How many arrays, and groups of like ones, to list. */
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
  traceFile,
  ...input
}: ExplainInput): Promise<Explanation> {
  const step = traceFile === undefined ? await modelStep(input) : await traceStep({ traceFile, ...input });
  const { trace, grouped = trace, dimensions, liveness, bytesOfBuffer } = step;
  const { peak } = liveness;
  const timeline = timelineOf(grouped, bytesOfBuffer);
  const arrays = arraysAtPeak(trace, dimensions, bytesOfBuffer, liveness, timeline);
  const explanation: Explanation = {
    schema: 'gc-plan/explain@1',
    tool: tool(),
    config: step.config,
    command: step.command,
    by,
    categories: [...categories],
    modules: grouped.modules,
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
    groups: likeArrays(arrays).slice(0, top),
    verdict: step.verdict,
    accuracy: step.accuracy,
    assumptions: step.assumptions,
  };
  if (snapshot !== undefined) writeAtomically(snapshot, memorySnapshot(trace, dimensions, bytesOfBuffer), '--snapshot');
  if (perfetto !== undefined) writeAtomically(perfetto, chromeTrace(explanation), '--perfetto');
  return explanation;
}

type ExplainedStep = Pick<Explanation, 'config' | 'command' | 'verdict' | 'accuracy' | 'assumptions'> & {
  readonly trace: Trace;
  /** The trace with modules in few groups, for pictures; absent where `trace` itself has few. */
  readonly grouped?: Trace;
  readonly dimensions: Dimensions;
  readonly bytesOfBuffer: Float64Array;
  readonly liveness: Liveness;
};

async function modelStep(input: ResolveInput): Promise<ExplainedStep> {
  const resolved = await resolveConfig(input);
  const { trace, dimensions, liveness, verdict, assumptions } = price(
    resolved,
    counts(resolved.model),
    standInDevice(),
  );
  return {
    trace,
    dimensions,
    bytesOfBuffer: bufferBytes(trace, dimensions),
    liveness,
    config: reportedConfig(resolved),
    command: commandLine('explain', input.model, input.flags),
    verdict,
    accuracy: reportedAccuracy(resolved),
    assumptions,
  };
}

async function traceStep(input: RecordedInput): Promise<ExplainedStep> {
  const { estimate, trace, grouped, bytesOfBuffer, liveness } = await recordedStep(input);
  const { config, verdict, accuracy, assumptions } = estimate;
  const command = recordedCommand('explain', input);
  return {
    trace,
    grouped,
    bytesOfBuffer,
    liveness,
    dimensions: { one: 1 },
    config,
    command,
    verdict,
    accuracy,
    assumptions,
  };
}
