/** What a person reads of `gc-plan grow`. */
import type { Answer, Layout } from '../formats.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatCount } from '../units.js';
import type { Grown } from './schema.js';

export const kinds = ['copied', 'tiled', 'padded', 'new', 'set'] as const;

export const grownAnswer = ({ from, to }: Grown): Answer => ({
  tone: 'yes',
  head: `${from.hiddenDim}/${from.layers} → ${to.hiddenDim}/${to.layers}`,
  rest: `: ${to.file}`,
});

export function renderGrown(report: Grown, layout: Layout): string {
  const { checkpoint, from, to, optimizer, dropped, assumptions } = report;
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(answerLine(grownAnswer(report), style), layout),
      ...paragraph(
        `${checkpoint} · ${formatCount(from.elements)} → ${formatCount(to.elements)} values · from ${from.file}`,
        layout,
      ).map((line) => style.dim(line)),
    ],
    columns(style.bold('Every array'), [['', ...kinds, 'arrays'], ...rowsOf(report)], '<>>>>>>', layout),
    optimizer === 'none' ? [] : list(style.bold('Left out'), dropped, layout),
    list(style.bold('What to know'), assumptions, layout),
  ]);
}

/** One row for each network: how many of its arrays became what. */
export function rowsOf({ arrays }: Grown): readonly (readonly string[])[] {
  const networks = [...new Set(arrays.map(({ name }) => networkOf(name)))];
  return networks.map((network) => {
    const members = arrays.filter(({ name }) => networkOf(name) === network);
    const counts = kinds.map((kind) => members.filter(({ how }) => how === kind).length);
    return [network, ...counts.map((count) => (count === 0 ? '·' : String(count))), String(members.length)];
  });
}

/** What stands before the first slash or dot behind it: `mesh_gnn`, `processor`. */
const networkOf = (name: string): string => /^(?:params:)?(?:(?:model|module)\.)*([^/.:]+)/.exec(name)?.[1] ?? name;
