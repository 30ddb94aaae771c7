/** An annotation per failed configuration at its line of the plan file, then a step summary. */

import { annotation, code, inlineText, markdownTable } from '../markdown.js';
import { formatBytes } from '../units.js';
import { type CheckEntry, checkAnswer, checkNotes, findingSentences, signedPercent } from './findings.js';
import type { Check } from './schema.js';

export function renderCheck(check: Check): string {
  const failed = check.entries.filter(({ findings }) => findings.length > 0);
  return [
    ...failed.map((entry) =>
      annotation(`${entry.name}: ${findingSentences(entry).join('; ')}`, {
        file: check.planFile,
        line: entry.line,
        title: 'gc-plan check',
      }),
    ),
    `### ${check.passed ? '✅' : '❌'} ${inlineText(checkAnswer(check))}`,
    '',
    markdownTable(['', 'configuration', 'live', 'on the card', 'growth', 'why'], check.entries.map(row), '<<>>><'),
    '',
    ...checkNotes(check).map((note) => `- ${inlineText(note)}`),
    ...failed.map(({ name, command }) => `- ${code(name)}: ${code(command)}`),
    ...(check.assumptions.length === 0
      ? []
      : [
          '',
          '<details><summary>Assumptions</summary>',
          '',
          ...check.assumptions.map((text) => `- ${inlineText(text)}`),
          '',
          '</details>',
        ]),
  ].join('\n');
}

const row = (entry: CheckEntry): readonly string[] => [
  entry.findings.length === 0 ? '✅' : '❌',
  code(entry.name),
  formatBytes(entry.memory.peakLiveBytes),
  formatBytes(entry.memory.deviceBytes),
  entry.growth === undefined ? 'new' : signedPercent(entry.growth.percent),
  inlineText(findingSentences(entry).join('; ')),
];
