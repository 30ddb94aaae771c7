/** One page to send to a colleague: question, answer, numbers, assumptions, accuracy, how to reproduce. It fetches nothing. */
import { readAsset } from '../../config/assets.js';
import { accuracy as accuracyText } from '../estimate/numbers.js';
import type { Estimate } from '../estimate/schema.js';
import type { Answer, Layout } from '../formats.js';
import { codeBlock, list, section, withoutFolders } from './blocks.js';
import { html, type Markup, trusted } from './markup.js';

export * from './blocks.js';

interface PageAnswer extends Pick<Answer, 'tone'> {
  readonly text: string;
}

export interface Page {
  readonly question: string;
  readonly answer: PageAnswer;
  /** Model, code base, resolution, width and layers, precision, card. */
  readonly subject?: string;
  /** The configuration in one line. */
  readonly setting: string;
  readonly sections: readonly Markup[];
  readonly assumptions: readonly string[];
  readonly accuracy?: Accuracy;
  /** What to type to get the same numbers. */
  readonly commands: readonly string[];
  readonly tool: { readonly name: string; readonly version: string };
  /** The day on which it was made. */
  readonly date?: string | undefined;
  /** After everything else, e.g. a script. */
  readonly tail?: Markup;
}

type Accuracy = Estimate['accuracy'];

/** Nothing but what is on the page: no request may leave it. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

export function renderPage(page: Page): string {
  const { answer, sections, accuracy, tool, date, tail } = page;
  const [question, setting] = [page.question, page.setting].map(withoutFolders);
  const subject = page.subject && withoutFolders(page.subject);
  const assumptions = page.assumptions.map(withoutFolders);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${tool.name} ${tool.version}">
<title>${[question, subject].filter(Boolean).join(' · ')}</title>
<style>
${trusted(readAsset('reports/pages/page.css'))}</style>
</head>
<body>
<main>
<h1>${question}</h1>
<p class="answer ${answer.tone}">${withoutFolders(answer.text)}</p>
${subject && html`<p class="soft">${subject}</p>`}
<p class="soft">${setting}</p>
${sections}
${section('Assumptions', list(assumptions.length > 0 ? assumptions : ['None beyond the configuration above.']))}
${accuracy && section('How accurate', accuracyLine(accuracy))}
<section id="reproduce">
<h2>How to reproduce</h2>
${codeBlock(reproduction(page.commands, subject))}</section>
</main>
<footer>${tool.name} ${tool.version}${date && html`, ${date}`}. It predicts GPU memory from the list of arrays that one step allocates; measured are its error bars and how XLA compiles the loss and recomputes.</footer>
<script>
${trusted(readAsset('reports/pages/browser/copy.js'))}</script>
${tail}
</body>
</html>`.html;
}

/** The first command with what it is about behind it, as a shell's comment. */
const reproduction = ([first = '', ...others]: readonly string[], subject: string | undefined): string =>
  [subject === undefined ? first : `${first}  # ${subject}`, ...others].join('\n');

const accuracyLine = (figures: Accuracy): Markup => html`<p>${accuracyText({ accuracy: figures })}</p>`;
/** The command line as it was typed, where a command line was typed. */
export const typedCommand = ({ command }: Layout, otherwise: string): readonly string[] => [command ?? otherwise];
