/** What a trained plan says, the same for every format. */

import type { Answer, Column } from '../formats.js';
import { formatBytes, formatCount, formatError } from '../units.js';
import type { PlanVerification } from './schema.js';

export type PlanStage = PlanVerification['stages'][number];

export const sizeOf = ({ hiddenDim, layers }: { readonly hiddenDim: number; readonly layers: number }): string =>
  `${hiddenDim}/${layers}`;

const formatLoss = (loss: number): string => loss.toPrecision(4);
const formatDifference = (share: number): string => (share === 0 ? '0' : share.toExponential(0));
const ofRun = (text: (run: NonNullable<PlanStage['run']>) => string) => (stage: PlanStage) =>
  stage.run === undefined ? '' : text(stage.run);

export const stageColumns: readonly Column<PlanStage>[] = [
  { title: 'size', alignment: '<', text: sizeOf },
  { title: 'parameters', alignment: '>', text: ({ parameters }) => formatCount(parameters), dispensable: 3 },
  {
    title: 'prediction moved by',
    alignment: '>',
    text: ofRun(({ grown }) => (grown === undefined ? '' : formatDifference(grown.predictionDifference))),
  },
  { title: 'loss', alignment: '>', text: ofRun(({ heldOutLoss }) => formatLoss(heldOutLoss.start)) },
  { title: '→', alignment: '>', text: ofRun(({ heldOutLoss }) => formatLoss(heldOutLoss.end)) },
  { title: 'predicted', alignment: '>', text: ({ predicted }) => formatBytes(predicted.peakLiveBytes), dispensable: 1 },
  { title: 'measured', alignment: '>', text: ofRun(({ measured }) => formatBytes(measured.peakLiveBytes)) },
  { title: 'error', alignment: '>', text: ofRun(({ errorsPercent }) => formatError(errorsPercent.peakLiveBytes)) },
  {
    title: 'per step',
    alignment: '>',
    text: ofRun(({ stepTimeMs }) => `${stepTimeMs.toFixed(0)} ms`),
    dispensable: 2,
  },
];

export const stepsRun = ({ steps, stages, backend }: PlanVerification): string =>
  `${stages.length} stages of ${steps} real training steps on ${backend.name}`;

/** What the columns of a stage stand for. */
export const aboutStages = ({ samples }: PlanVerification): string =>
  `Peak of arrays; loss of a held-out batch (${samples.heldOut} of ${samples.training + samples.heldOut} samples) before and after each stage`;

export function planVerificationAnswer(report: PlanVerification): Answer {
  const { verdict, from, to, stages } = report;
  const way = `${sizeOf(from)} grows to ${sizeOf(to)}`;
  if (verdict.kind === 'within')
    return {
      tone: 'yes',
      head: `${way} and goes on learning`,
      rest: `: ${stepsRun(report)} held the bytes that the estimate says`,
    };
  if (verdict.kind !== 'outside')
    return { tone: 'no', head: verdict.kind === 'oom' ? 'out of memory' : verdict.kind, rest: `: ${verdict.reason}` };
  const failures = stages.flatMap((stage) => stage.failures.map((failure) => `${sizeOf(stage)}: ${failure}`));
  return { tone: 'no', head: `${way}, but not as planned`, rest: `: ${failures.join('; ')}` };
}
