/** GitHub's Markdown and workflow commands, with what could break out of them escaped. */

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands (2026-11); escapes as in actions/toolkit. */
const escapedData = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapedProperty = (text: string) => escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

export function annotation(message: string, properties: Readonly<Record<string, string | number>>): string {
  const written = Object.entries(properties).map(([name, value]) => `${name}=${escapedProperty(String(value))}`);
  return `::error ${written.join(',')}::${escapedData(message)}`;
}

export const inlineText = (text: string): string => text.replaceAll(/[\\`*_{}[\]<>|#&]/g, (mark) => `\\${mark}`);

/** A name in code style, whatever is in it. */
export const code = (text: string): string => `<code>${escapedHtml(text)}</code>`;

const escapedHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('|', '&#124;').replaceAll('\n', ' ');

/** `alignments`: `<` text or `>` number per column. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: string,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = [...alignments].map((alignment) => (alignment === '<' ? ':--' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
