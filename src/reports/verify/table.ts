/** What a person reads after a verification: whether the two agree, the four totals, and where they part. */
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { subject } from '../subject.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { labelledLines } from '../terminal/screen.js';
import { formatBytes } from '../units.js';
import { divergence, tapeWords, totals, totalsHead, verificationAnswer } from './rows.js';
import type { Verification } from './schema.js';

export function renderVerification(report: Verification, layout: Layout): string {
  const style = styleOf(layout);
  const heading = (text: string) => style.bold(text);
  const first = divergence(report);
  return page([
    [
      ...paragraph(subject(report.config, layout.columns), layout).map((line) => style.dim(line)),
      ...paragraph(answerLine(verificationAnswer(report), style), layout),
      ...paragraph(`${configLine(report)}${tapeWords(report)}`, layout).map((line) => style.dim(line)),
    ],
    columns(heading('Bytes'), [totalsHead, ...totals(report)], '<>>>'),
    first === undefined ? [] : paragraph(first, layout),
    columns(heading('Run'), run(report), '<<'),
    list(heading('Assumptions'), report.assumptions, layout),
    report.verdict.kind === 'within' && report.versions === undefined
      ? labelledLines(
          'next',
          ['gc-plan validate  # JAX and PyTorch: every record that their rules are held against'],
          layout,
        )
      : [],
  ]);
}

function run({ config, backend, run: ran, measured }: Verification): string[][] {
  if (ran === undefined) return [['backend', backend.name]];
  const { losses, stepTimeMs, residentBytes } = ran;
  return [
    ['backend', `${backend.name} ${backend.version}, ${backend.device}`],
    ...(config.recipe.mode === 'train' ? [['loss', losses.map((loss) => loss.toPrecision(4)).join(' → ')]] : []),
    ...(stepTimeMs === undefined ? [] : [['time per step', `${stepTimeMs.toFixed(0)} ms`]]),
    ...(residentBytes === undefined || measured === undefined
      ? []
      : [['resident set', `${formatBytes(residentBytes)} for ${formatBytes(measured.peakLiveBytes)} of arrays`]]),
  ];
}
