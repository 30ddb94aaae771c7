/** An estimate as Markdown for a step summary, with an annotation where the answer is no. */
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { annotation, code, inlineText, markdownTable } from '../markdown.js';
import { formatBytes, formatPercent } from '../units.js';
import { estimateAnswer } from './answer.js';
import { accuracy, categories, cheapestChanges, rankHead, ranks } from './numbers.js';
import type { AnyEstimate } from './schema.js';
import { totals } from './totals.js';
import { isYes } from './verdict.js';

const marks = { yes: '✅', maybe: '⚠️', no: '❌', neutral: 'ℹ️' } as const;

export function renderEstimate(estimate: AnyEstimate, { command }: Layout): string {
  const { tone, head, rest } = estimateAnswer(estimate);
  const { memory, assumptions } = estimate;
  return [
    ...(isYes(estimate) ? [] : [annotation(`${configLine(estimate)}: ${head}${rest}`, { title: 'gc-plan estimate' })]),
    `### ${marks[tone]} ${inlineText(head + rest)}`,
    '',
    inlineText(configLine(estimate)),
    '',
    ...changesThatFit(estimate),
    markdownTable(
      ['', 'bytes', ''],
      totals(estimate).map((row) => row.map(inlineText)),
      '<><',
    ),
    '',
    markdownTable(
      ['at the peak', 'bytes', 'share'],
      categories(estimate).map(([name, bytes]) => [
        name,
        formatBytes(bytes),
        formatPercent(bytes, memory.peakLiveBytes),
      ]),
      '<>>',
    ),
    '',
    ...rankTable(estimate),
    ...[...assumptions, accuracy(estimate)].map((text) => `- ${inlineText(text)}`),
    ...(command === undefined ? [] : ['', code(command)]),
  ].join('\n');
}

function changesThatFit(estimate: AnyEstimate): readonly string[] {
  const changes = cheapestChanges(estimate);
  if (changes.length === 0) return [];
  return [
    'The cheapest changes that fit:',
    '',
    ...changes.map(({ command, deviceBytes }) => `- ${code(command)} (${formatBytes(deviceBytes)})`),
    '',
  ];
}

function rankTable(estimate: AnyEstimate): readonly string[] {
  const rows = ranks(estimate);
  return rows.length === 0 ? [] : [markdownTable(rankHead, rows, '>>>>>>>>>'), ''];
}
