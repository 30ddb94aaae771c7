/** An estimate as Markdown for a step summary, with an annotation where the answer is no. */
import { configLine } from '../config-line.js';
import { estimateAnswer } from '../estimate/answer.js';
import { accuracy, categories, totals } from '../estimate/numbers.js';
import type { Layout } from '../formats.js';
import type { Estimate } from '../schemas/estimate.js';
import { formatBytes, formatPercent } from '../units.js';
import { isYes } from '../verdict.js';
import { annotation, code, inlineText, markdownTable } from './markdown.js';

const marks = { yes: '✅', maybe: '⚠️', no: '❌', neutral: 'ℹ️' } as const;

export function renderEstimate(estimate: Estimate, { command }: Layout): string {
  const { tone, head, rest } = estimateAnswer(estimate);
  const { memory, assumptions } = estimate;
  return [
    ...(isYes(estimate) ? [] : [annotation(`${configLine(estimate)}: ${head}${rest}`, { title: 'gc-plan estimate' })]),
    `### ${marks[tone]} ${inlineText(head + rest)}`,
    '',
    inlineText(configLine(estimate)),
    '',
    markdownTable(
      ['', 'bytes', ''],
      totals(estimate).map((row) => row.map(inlineText)),
      '<><',
    ),
    '',
    markdownTable(
      ['at the peak', 'bytes', 'share'],
      categories(memory).map(([name, bytes]) => [name, formatBytes(bytes), formatPercent(bytes, memory.peakLiveBytes)]),
      '<>>',
    ),
    '',
    ...[...assumptions, accuracy(estimate)].map((text) => `- ${inlineText(text)}`),
    ...(command === undefined ? [] : ['', code(command)]),
  ].join('\n');
}
