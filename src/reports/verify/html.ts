import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { html } from '../pages/markup.js';
import { dataTable, renderPage, section, typedCommand } from '../pages/page.js';
import { subject } from '../subject.js';
import { formatBytes } from '../units.js';
import { divergence, stepsRun, tapeWords, totals, totalsHead, verificationAnswer } from './rows.js';
import type { Verification } from './schema.js';

export function renderVerificationPage(report: Verification, layout: Layout): string {
  const { config, backend, run } = report;
  const { tone, head, rest } = verificationAnswer(report);
  const first = divergence(report);
  const trains = config.recipe.mode === 'train';
  return renderPage({
    question: `Does ${config.model.name} take the memory that gc-plan predicts?`,
    answer: { tone, text: head + rest },
    subject: subject(config),
    setting: `${configLine(report)}${tapeWords(report)} · ${backend.name} ${backend.version}, ${backend.device}`,
    sections: [
      section(
        'Predicted and measured',
        dataTable(
          `Bytes of arrays in the last ${trains ? 'training step' : 'forward pass'}`,
          totalsHead,
          totals(report),
          '<>>>',
        ),
        ...(first === undefined ? [] : [html`<p>${first}</p>`]),
      ),
      ...(run === undefined
        ? []
        : [
            section(
              'The run',
              dataTable(
                stepsRun(report),
                ['quantity', 'value'],
                [
                  ...(trains ? [['loss', run.losses.map((loss) => loss.toPrecision(4)).join(' → ')]] : []),
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
    date: layout.date,
  });
}
