/** The page of an advice: what to change as lines to type and to paste, and what each change makes of the card. */
import { configLine, subjectOf } from '../config-line.js';
import { estimateAnswer } from '../estimate/answer.js';
import type { Layout } from '../formats.js';
import { type Bar, barChart, verdictBar } from '../pages/bars.js';
import { html, type Markup } from '../pages/markup.js';
import {
  codeBlock,
  codeLines,
  columnTable,
  list,
  renderPage,
  section,
  typedCommand,
  whySection,
} from '../pages/page.js';
import { recipeText, subject } from '../subject.js';
import { formatBytes, formatBytesPair } from '../units.js';
import { changeColumns, formatCost } from './columns.js';
import { confirmations, recomputeColumns, sentences } from './recorded-table.js';
import type { Advice, AnyAdvice, RecordedAdvice } from './schema.js';
import { otherwiseText } from './screen.js';

export function renderAdvicePage(advice: AnyAdvice, layout: Layout): string {
  const { tone, head, rest } = estimateAnswer(advice);
  const name = subjectOf(advice.config);
  return renderPage({
    question: `What makes ${name} fit on ${advice.config.device?.name ?? 'a card'}?`,
    answer: { tone, text: head + rest },
    subject: subject(advice.config),
    setting: 'recompute' in advice ? configLine(advice) : recipeText(advice.config),
    sections: [...whySection(advice), ...('recompute' in advice ? ofTrace(advice) : ofModel(advice))],
    assumptions: advice.assumptions,
    accuracy: advice.accuracy,
    commands: typedCommand(layout, 'gc-plan advise'),
    tool: advice.tool,
    date: layout.date,
  });
}

function ofModel(advice: Advice): readonly Markup[] {
  const { cheapest, severalGpus, changes } = advice;
  const written = changes.filter(({ code }) => code.length > 0);
  return [
    ...combination('The cheapest combination that fits', cheapest),
    ...combination('On several cards', severalGpus),
    ...otherwiseText(advice).map((text) => html`<p>${text}.</p>`),
    section('On the card', barChart('Upper end of the range', barsOf(advice))),
    ...(changes.length === 0
      ? []
      : [section('One change at a time', columnTable('Each alone', changeColumns, changes))]),
    ...(written.length === 0
      ? []
      : [
          section(
            'How each is written',
            ...written.flatMap(({ strategy, describe, cost, code }) => [
              html`<h3>${strategy}</h3><p>${describe} ${cost}</p>`,
              ...codeLines(code),
            ]),
          ),
        ]),
  ];
}

type Combination = NonNullable<Advice['cheapest']>;

function combination(title: string, found: Combination | undefined): readonly Markup[] {
  if (found === undefined) return [];
  const { change, memory, verdict, relativeCost, command, parts } = found;
  const fits =
    'usableBytes' in verdict
      ? formatBytesPair(memory.range.highBytes, verdict.usableBytes, 'of')
      : formatBytes(memory.range.highBytes);
  return [
    section(
      title,
      html`<p><strong>${change}</strong>: at most ${fits}, ${formatCost(relativeCost)} the work per sample</p>`,
      codeBlock(command),
      ...parts.flatMap(({ strategy, cost, code }) => [html`<h3>${strategy}</h3><p>${cost}</p>`, ...codeLines(code)]),
    ),
  ];
}

function barsOf({ memory, verdict, cheapest, changes }: Advice): readonly Bar[] {
  const others = changes.filter(({ change }) => change !== cheapest?.change);
  return [
    verdictBar('as it is', verdict, memory.range),
    ...(cheapest ? [verdictBar(cheapest.change, cheapest.verdict, cheapest.memory.range)] : []),
    ...others.map((each) => verdictBar(each.change, each.verdict, { highBytes: upperEnd(each) })),
  ];
}

/** Follows from what is spare or missing. */
function upperEnd({ verdict, deviceBytes }: Advice['changes'][number]): number {
  if ('headroomBytes' in verdict) return verdict.usableBytes - verdict.headroomBytes;
  return 'shortfallBytes' in verdict ? verdict.usableBytes + verdict.shortfallBytes : deviceBytes;
}

function ofTrace(advice: RecordedAdvice): readonly Markup[] {
  const { recompute } = advice;
  const next = confirmations(advice);
  return [
    section(
      'On the card',
      barChart('Upper end of the range', [verdictBar('as captured', advice.verdict, advice.memory.range)]),
    ),
    ...(recompute.length === 0
      ? []
      : [section('Worth recomputing', columnTable('By bytes saved per FLOP repeated', recomputeColumns, recompute))]),
    section('What else is there', list(sentences(advice))),
    ...(next.length === 0 ? [] : [section('Next', ...next.map(codeBlock))]),
  ];
}
