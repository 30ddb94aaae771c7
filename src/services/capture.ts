/** `gc-plan capture`: a step of the user's own, recorded without a GPU and written as a trace. */
import { liveness } from '../memory/liveness.js';
import type { Flags } from '../options/typed.js';
import type { Capture } from '../reports/capture/schema.js';
import { parseCapture } from '../verify/capture/options.js';
import { recordStep } from '../verify/capture/run.js';
import { tool } from '../version.js';
import { writeAtomically } from './write.js';

export interface CaptureInput {
  /** FILE.py:FUNCTION */
  readonly step: string | undefined;
  readonly flags: Flags;
  readonly signal?: AbortSignal | undefined;
}

export async function capture({ step, flags, signal }: CaptureInput): Promise<Capture> {
  const { traceFile, ...target } = parseCapture(step, flags);
  const { source, versions, unseen, captured } = await recordStep({ ...target, signal });
  const report = { schema: 'gc-plan/capture@1', tool: tool(), framework: 'pytorch', source, versions, unseen } as const;
  if (captured === undefined) return { ...report, trace: null, assumptions: [] };
  const { head, trace, bytesOfBuffer, bytes, fileBytes } = captured;
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
    },
    assumptions: head.notes,
  };
}
