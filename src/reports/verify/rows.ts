/** What a verification says, the same for every format. */
import type { Answer } from '../formats.js';
import { formatCount, formatError } from '../units.js';
import type { Verification } from './schema.js';

const quantities = [
  ['parameters', 'parameterBytes'],
  ['end of forward', 'forwardEndBytes'],
  ['peak', 'peakLiveBytes'],
  ['peak of the update', 'optimizerBytes'],
] as const;

const quantitiesOf = (mode: Verification['config']['recipe']['mode']) =>
  quantities.filter(([, key]) => mode === 'train' || key !== 'optimizerBytes');

export const totalsHead = ['quantity', 'predicted', 'measured', 'error'];

/** In bytes. */
export const totals = ({ config, predicted, measured, errorsPercent }: Verification): readonly (readonly string[])[] =>
  quantitiesOf(config.recipe.mode).map(([name, key]) => [
    name,
    formatCount(predicted[key]),
    measured === undefined ? '' : formatCount(measured[key]),
    errorsPercent === undefined ? '' : formatError(errorsPercent[key]),
  ]);

/** Of a step that gc-plan ran itself: how the backward pass records what it needs. */
export const tapeWords = ({ config, versions }: Verification): string =>
  versions === undefined ? ` · tape ${config.recipe.tape}` : '';

/** What ran: training steps, or calls that only predict. */
export const stepsRun = ({ steps, config, versions }: Verification): string =>
  `${steps} ${versions === undefined ? 'real' : 'recorded'} ${config.recipe.mode === 'train' ? 'training steps' : 'forward passes'}`;

export function verificationAnswer(report: Verification): Answer {
  const { verdict, backend, firstDivergence } = report;
  const ran = `: ${stepsRun(report)} on ${backend.name} took`;
  switch (verdict.kind) {
    case 'within':
      // Totals may agree where the arrays behind them do not.
      return firstDivergence === undefined
        ? { tone: 'yes', head: 'within tolerance', rest: `${ran} what the estimate says` }
        : {
            tone: 'yes',
            head: 'within tolerance',
            rest: `: ${stepsRun(report)} on ${backend.name} stay near the estimate, but not array by array`,
          };
    case 'outside':
      return { tone: 'no', head: 'outside the tolerance', rest: `${ran} something else` };
    case 'oom':
      return { tone: 'no', head: 'out of memory', rest: `: ${verdict.reason ?? 'the run ended'}` };
    case 'timeout':
      return { tone: 'no', head: 'timeout', rest: `: ${verdict.reason ?? 'the run did not end in time'}` };
    case 'crashed':
      return { tone: 'no', head: 'crashed', rest: `: ${verdict.reason ?? 'the run ended'}` };
  }
}

/** Where prediction and measurement first part. */
export function divergence({ firstDivergence: first }: Verification): string | undefined {
  if (first === undefined) return undefined;
  const { operation, predictedBytes, measuredBytes, measuredOperation } = first;
  const there = measuredOperation === undefined ? '' : ` (there: ${measuredOperation})`;
  return `They first part at ${operation}${there}: ${formatCount(predictedBytes)} B predicted, ${formatCount(measuredBytes)} B measured.`;
}
