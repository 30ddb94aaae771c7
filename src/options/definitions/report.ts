/** How the answer is printed: the options that steer output alone. */
import { choice, option, text, toggle } from './definition.js';

export const reportOptions = [
  option('report', 'json', toggle, 'One JSON document on stdout and nothing else. Wins over --format.'),
  option(
    'report',
    'output',
    text('report.json'),
    'Write the report to this file instead of stdout.',
    undefined,
    'FILE',
  ),
  option('report', 'format', choice('table', 'json', 'html', 'github'), 'How the report is rendered.'),
] as const;
