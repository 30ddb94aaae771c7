/** One test case per configuration, as CI systems read it: https://github.com/testmoapp/junitxml (2026-11). */
import { findingSentences } from './findings.js';
import type { Check } from './schema.js';

/** XML 1.0 has no control characters, not even escaped. */
const attribute = (text: string): string =>
  `"${text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, ' ')}"`;

export function renderCheck({ planFile, entries, numFailed }: Check): string {
  const totals = `tests="${entries.length}" failures="${numFailed}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gc-plan" ${totals}>`,
    `  <testsuite name=${attribute(planFile)} ${totals}>`,
    ...entries.flatMap((entry) => {
      const head = `    <testcase name=${attribute(entry.name)} classname=${attribute(planFile)} file=${attribute(planFile)} line="${entry.line}"`;
      if (entry.findings.length === 0) return [`${head}/>`];
      const sentences = findingSentences(entry);
      return [
        `${head}>`,
        ...entry.findings.map(
          ({ kind }, index) => `      <failure type=${attribute(kind)} message=${attribute(sentences[index]!)}/>`,
        ),
        '    </testcase>',
      ];
    }),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}
