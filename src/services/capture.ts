/** `gc-plan capture`: a step of the user's own, recorded without a GPU and written as a trace. */
import { basename } from 'node:path';
import { liveness } from '../memory/liveness.js';
import type { Flags } from '../options/typed.js';
import type { Capture } from '../reports/capture/schema.js';
import { type CaptureTarget, parseCapture } from '../verify/capture/options.js';
import { type CaptureOptions, measureStep, recordStep } from '../verify/capture/run.js';
import { tool } from '../version.js';
import { writeAtomically } from './write.js';

export interface CaptureInput {
  /** FILE.py:FUNCTION */
  readonly step: string | undefined;
  readonly flags: Flags;
  readonly signal?: AbortSignal | undefined;
}

async function measuredOnCard(target: CaptureOptions & Pick<CaptureTarget, 'runtime'>, file: string): Promise<Capture> {
  const lines = await measureStep(target);
  writeAtomically(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`, '--measured');
  const [{ version = '' } = {}] = lines;
  return {
    schema: 'gc-plan/capture@1',
    tool: tool(),
    framework: target.runtime,
    source: `${basename(target.file)}:${target.functionName}`,
    versions: { torch: String(version) },
    unseen: [],
    trace: null,
    measured: { file, lines },
    assumptions: [],
  };
}

export async function capture({ step, flags, signal }: CaptureInput): Promise<Capture> {
  const { traceFile, measuredFile, ...target } = parseCapture(step, flags);
  if (measuredFile !== undefined) return measuredOnCard({ ...target, signal }, measuredFile);
  const { source, versions, unseen, captured } = await recordStep({ ...target, signal });
  const report = {
    schema: 'gc-plan/capture@1',
    tool: tool(),
    framework: target.runtime,
    source,
    versions,
    unseen,
  } as const;
  if (captured === undefined) return { ...report, trace: null, assumptions: [] };
  const { head, trace, bytesOfBuffer, bytes, fileBytes } = captured;
  const { compiled } = head;
  writeAtomically(traceFile, bytes, '--trace');
  const { peak } = liveness(trace, {}, bytesOfBuffer);
  return {
    ...report,
    trace: {
      file: traceFile,
      fileBytes,
      numBuffers: head.numBuffers,
      numEvents: head.numEvents,
      parameters: head.parameters,
      peakLiveBytes: peak.liveBytes,
      peak: { phase: peak.phase, operation: peak.operation, module: peak.module },
      ...(compiled && { compiled }),
    },
    assumptions: head.notes,
  };
}
