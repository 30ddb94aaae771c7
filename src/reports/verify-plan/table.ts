/** What a person reads of a trained plan. */
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { subject } from '../subject.js';
import { answerLine, fittingTable, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { aboutStages, planVerificationAnswer, stageColumns } from './rows.js';
import type { PlanVerification } from './schema.js';

export function renderPlanVerification(report: PlanVerification, layout: Layout): string {
  const { stages, backend, assumptions } = report;
  const style = styleOf(layout);
  const soft = (text: string) => paragraph(text, layout).map((line) => style.dim(line));
  return page([
    [
      ...soft(subject(report.config, layout.columns)),
      ...paragraph(answerLine(planVerificationAnswer(report), style), layout),
      ...soft(`${configLine(report)} · ${backend.name} ${backend.version}`),
    ],
    [...fittingTable(style.bold('Stages'), stageColumns, stages, layout), ...soft(aboutStages(report))],
    list(style.bold('Assumptions'), assumptions, layout),
  ]);
}
