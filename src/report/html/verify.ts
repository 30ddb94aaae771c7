import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import type { Verification } from '../schemas/verify.js';
import { formatBytes, formatCount } from '../units.js';
import { html } from './markup.js';
import { type Answer, dataTable, renderPage, section, typedCommand } from './page.js';

const quantities = [
  ['parameters', 'parameterBytes'],
  ['end of the forward pass', 'forwardEndBytes'],
  ['peak', 'peakLiveBytes'],
  ['optimizer', 'optimizerBytes'],
] as const;

export function renderVerificationPage(report: Verification, layout: Layout): string {
  const { config, backend, predicted, measured, errorsPercent, firstDivergence: first, run } = report;
  return renderPage({
    question: `Does ${config.model.name} take the memory that gc-plan predicts?`,
    answer: answerOf(report),
    setting: `${configLine(report)} · tape ${config.recipe.tape} · ${backend.name} ${backend.version}, ${backend.device}`,
    sections: [
      section(
        'Predicted and measured',
        dataTable(
          'Bytes of arrays in the last training step',
          ['quantity', 'predicted', 'measured', 'error'],
          quantities.map(([name, key]) => [
            name,
            formatCount(predicted[key]),
            measured === undefined ? '' : formatCount(measured[key]),
            errorsPercent === undefined ? '' : `${errorsPercent[key].toFixed(3)} %`,
          ]),
          '<>>>',
        ),
        ...(first === undefined
          ? []
          : [
              html`<p>They first part at <em>${first.operation}</em>: ${formatCount(first.predictedBytes)} B predicted, ${formatCount(first.measuredBytes)} B measured.</p>`,
            ]),
      ),
      ...(run === undefined
        ? []
        : [
            section(
              'The run',
              dataTable(
                `${report.steps} real training steps`,
                ['quantity', 'value'],
                [
                  ['loss', run.losses.map((loss) => loss.toPrecision(4)).join(' → ')],
                  ...(run.stepTimeMs === undefined ? [] : [['time per step', `${run.stepTimeMs.toFixed(0)} ms`]]),
                  ...(run.residentBytes === undefined ? [] : [['held by the process', formatBytes(run.residentBytes)]]),
                ],
                '<<',
              ),
            ),
          ]),
    ],
    assumptions: report.assumptions,
    commands: typedCommand(layout, 'gc-plan verify'),
    tool: report.tool,
  });
}

function answerOf({ verdict, steps, backend }: Verification): Answer {
  switch (verdict.kind) {
    case 'within':
      return {
        tone: 'yes',
        text: `within tolerance: ${steps} real training steps on ${backend.name} held what the estimate says`,
      };
    case 'outside':
      return {
        tone: 'no',
        text: `outside the tolerance: ${steps} real training steps on ${backend.name} held something else`,
      };
    case 'oom':
      return { tone: 'no', text: `out of memory: ${verdict.reason ?? 'the run ended'}` };
    case 'timeout':
      return { tone: 'no', text: `timeout: ${verdict.reason ?? 'the run did not end in time'}` };
  }
}
