/** The first screen of a check: whether it passes, a row for each configuration, why the failing ones fail and what to type. */
import type { Layout } from '../formats.js';
import { subjectOfAll } from '../subject.js';
import { fittingTable, paragraph, styleOf } from '../terminal/blocks.js';
import { besideLabel, indented, labelled, labelledLines, type Part, screen } from '../terminal/screen.js';
import { type CheckEntry, checkAnswer, checkNotes, findingSentences } from './findings.js';
import { entryColumns, unitOfEntries } from './rows.js';
import type { Check } from './schema.js';

export function checkScreen(check: Check, layout: Layout): string {
  const style = styleOf(layout);
  const { entries, planFile, passed } = check;
  const failed = entries.filter(({ findings }) => findings.length > 0);
  const answer = checkAnswer(check);
  const { command = `gc-plan check ${planFile}` } = layout;
  return screen([
    {
      lines: [
        ...paragraph(
          subjectOfAll(
            entries.map(({ config }) => config),
            layout.columns,
          ),
          layout,
        ).map((line) => style.dim(line)),
        ...paragraph(passed ? style.green.bold(answer) : style.red.bold(answer), layout),
      ],
    },
    ...failed.flatMap((entry, index) => why(check, entry, index, layout)),
    ...table(check, failed, layout),
    { lines: labelled('baseline', checkNotes(check)[0]!, layout) },
    { lines: labelledLines('next', [`${command} --details${accepting(failed)}`], layout) },
  ]);
}

/** Growth that is meant becomes the baseline. */
const accepting = (failed: readonly CheckEntry[]): string =>
  failed.length > 0 && failed.every(({ findings }) => findings.every(({ kind }) => kind === 'grew'))
    ? '  # where it is meant: --update-baseline'
    : '';

function why({ planFile }: Check, entry: CheckEntry, index: number, layout: Layout): readonly Part[] {
  const sentences = findingSentences(entry).join('; ');
  const rank = index === 0 ? {} : { dispensable: 2 + index / 1_000 };
  return [
    {
      lines: labelled(index === 0 ? 'why' : '', `${planFile}:${entry.line} ${entry.name}: ${sentences}`, layout),
      ...rank,
    },
    { lines: indented([entry.command]), dispensable: 3 + index / 1_000 },
  ];
}

const mostRows = 10;

/** The failing ones first, where there are more than a screen holds. */
function table(check: Check, failed: readonly CheckEntry[], layout: Layout): readonly Part[] {
  const { entries } = check;
  const ordered =
    entries.length <= mostRows ? entries : [...failed, ...entries.filter((entry) => !failed.includes(entry))];
  const shown = ordered.slice(0, mostRows);
  const [, head = '', ...rows] = fittingTable('', entryColumns(check), shown, besideLabel(layout));
  const more = entries.length - shown.length;
  return [
    { lines: labelledLines(unitOfEntries(check).name, [head, ...rows.slice(0, 1)], layout) },
    ...rows.slice(1).map((row, index) => ({ lines: indented([row]), dispensable: 1 + index / 1_000 })),
    ...(more > 0 ? [{ lines: indented([`… and ${more} more: --details`]) }] : []),
  ];
}
