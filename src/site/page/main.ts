/** The page: controls → question → worker → picture. The address holds the question. */
import '../../reports/explain/browser/echarts.js';
import { fromHash, type Question, toHash } from '../../options/address.js';
import type { AnyEstimate } from '../../reports/estimate/schema.js';
import { codeLines } from '../../reports/pages/blocks.js';
import { html, type Markup } from '../../reports/pages/markup.js';
import { formatBytes } from '../../reports/units.js';
import type { Answer } from '../engine.js';
import type { Replies } from '../messages.js';
import { byId, drawAnswer, drawRefusal, put, putPlan, Timeline } from './drawing.js';
import { Estimator, Refusal, type Search } from './estimator.js';
import { acceptFiles, type Files, servedFiles } from './files.js';
import { fillMap, moveInMap } from './map.js';
import { ControlPanel, type Typed } from './panel.js';

/** Answers while a slider moves; the other one searches, and is stopped when the question changes. */
const live = new Estimator();
const searching = new Estimator();

/** After the last change: what takes longer than a moment, the address, what a screen reader says. */
const settledMs = 300;

/** Parts that take longer than a picture; what they show is stale until they are drawn again. */
const searched = ['changes', 'map', 'plan'];

/** What was searched for is no longer asked. */
class Outdated extends Error {}

class PageOfModels {
  private question = fromHash(location.hash);
  private answer: Answer | undefined;
  private isAsking = false;
  private isStale = false;
  private settled = 0;
  private askedAt = 0;
  private readonly timeline = new Timeline();

  constructor(private readonly panel: () => ControlPanel) {}

  get now(): Question {
    return this.question;
  }

  /** `at`: when the hand moved, for the measure of how long it took. */
  change(question: Question, at = performance.now()): void {
    this.question = question;
    this.askedAt = at;
    clearTimeout(this.settled);
    for (const id of searched) byId(id).classList.add('stale');
    void this.refresh();
  }

  type(name: string, value: Typed): void {
    const { [name]: _, ...flags } = this.question.flags;
    const other = { gpu: 'vram', vram: 'gpu', grid: 'resolution', resolution: 'grid' }[name];
    // One or the other says it.
    if (other !== undefined && value !== undefined) delete (flags as Record<string, Typed>)[other];
    this.change({ ...this.question, flags: value === undefined ? flags : { ...flags, [name]: value } });
  }

  /** One question at a time; of those that come meanwhile the last is asked. */
  private async refresh(): Promise<void> {
    this.isStale = true;
    if (this.isAsking) return;
    this.isAsking = true;
    while (this.isStale) {
      this.isStale = false;
      const from = this.askedAt;
      try {
        this.answer = await live.ask({ kind: 'answer', question: this.question });
        drawAnswer(this.answer.view);
        this.timeline.draw(this.answer.picture);
        this.panel().show(this.question, this.answer.controls);
        requestAnimationFrame(() => performance.measure('slider to picture', { start: from, end: performance.now() }));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        drawRefusal(error.refused);
        this.panel().show(this.question, this.answer?.controls);
      }
    }
    this.isAsking = false;
    this.settled = window.setTimeout(() => void this.settle(), settledMs);
  }

  private async settle(): Promise<void> {
    history.replaceState(null, '', toHash(this.question));
    const refusal = byId('refusal');
    byId('status').textContent = refusal.hidden ? (this.answer ? this.answer.view.verdict : '') : refusal.textContent;
    document.body.dataset.settled = toHash(this.question);
    if (searching.isBusy) searching.restart();
    if (this.answer === undefined || !refusal.hidden) return;
    const { question, answer } = this;
    const search: Search = async (request) => {
      const value = await searching.ask(request);
      if (question !== this.question) throw new Outdated();
      return value;
    };
    try {
      await drawChanges(question, answer, search);
      await fillMap(question, answer, this.panel(), search);
      await drawPlan(question, answer, search);
      document.body.dataset.searched = toHash(question);
    } catch (error) {
      if (error instanceof Refusal) drawRefusal(error.refused);
      else if (!(error instanceof Outdated)) throw error;
    }
  }
}

/** What would make it fit. */
async function drawChanges(question: Question, { estimate }: Answer, search: Search): Promise<void> {
  const { verdict } = estimate;
  const { kind } = verdict;
  if (kind === 'unknown') return put('changes', html`<p>With a card, the page says what would make it fit.</p>`);
  if (kind === 'fits') return put('changes', html`<p>Nothing: it fits as it is.</p>`);
  put('changes', html`<p>Searching the cheapest changes …</p>`);
  // A trace is a step as it ran: what little can be changed beside it is in its estimate.
  const { smallestChange, furtherChanges = [] } =
    question.trace === undefined ? await search({ kind: 'changes', question }) : changesIn(verdict);
  if (smallestChange === undefined)
    return put(
      'changes',
      html`<p>No change was found that makes it fit on one card; gc-plan advise looks further.</p>`,
    );
  put(
    'changes',
    ...[smallestChange, ...furtherChanges].map(
      ({ change, command, deviceBytes, numerics, code = [] }): Markup => html`<h3>${change}</h3>
<p>${formatBytes(deviceBytes)} on the card${numerics ? ', and it changes more than memory' : ''} <button type="button" class="apply" data-command="${command}">Apply</button></p>
${code.length > 0 ? html`<details><summary>How it is written</summary>${codeLines(code)}</details>` : ''}`,
    ),
  );
}

const changesIn = (verdict: AnyEstimate['verdict']): Replies['changes'] =>
  'smallestChange' in verdict && verdict.smallestChange !== undefined ? { smallestChange: verdict.smallestChange } : {};

/** Through which sizes to grow to this one: the stages of a sweep's plan. */
async function drawPlan(question: Question, { estimate }: Answer, search: Search): Promise<void> {
  const { config } = estimate;
  const isTrained = !('trace' in config) && config.device !== null && config.recipe.mode === 'train';
  byId('plan-section').hidden = !isTrained;
  if (!isTrained) return;
  put('plan', html`<p>Planning …</p>`);
  try {
    putPlan(await search({ kind: 'plan', question }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    put('plan', html`<p>There is no plan to this size: ${error.message}</p>`);
  }
}

function give(files: Files): void {
  for (const each of [live, searching]) void each.ask({ kind: 'files', files });
}

async function start(): Promise<void> {
  const catalogue = await live.ask({ kind: 'catalogue' });
  const models = byId<HTMLSelectElement>('model');
  models.replaceChildren(...catalogue.models.map(({ name }) => new Option(name, name)));
  let panel: ControlPanel;
  const page = new PageOfModels(() => panel);
  panel = new ControlPanel(byId('options'), catalogue, (name, value) => page.type(name, value));
  const showModel = () => {
    const { model, trace, flags } = page.now;
    const name = trace ?? String(flags.import ?? model ?? '');
    if (![...models.options].some(({ value }) => value === name)) models.add(new Option(`${name} (a file)`, name));
    models.value = name;
    byId('model-description').textContent = catalogue.models.find((each) => each.name === name)?.description ?? '';
  };
  models.addEventListener('change', () => {
    const kept = ['gpu', 'vram', 'architecture', 'reserve'].flatMap((name) =>
      page.now.flags[name] === undefined ? [] : [[name, page.now.flags[name]]],
    );
    page.change({ model: models.value, flags: Object.fromEntries(kept) });
    showModel();
  });
  addEventListener('hashchange', () => {
    if (location.hash === toHash(page.now)) return;
    page.change(fromHash(location.hash));
    showModel();
  });
  byId('map').addEventListener('click', ({ target }) => {
    const button = (target as Element).closest<HTMLElement>('button[data-width]');
    if (button === null) return;
    const { width, layers } = button.dataset;
    page.change({ ...page.now, flags: { ...page.now.flags, 'hidden-dim': width, layers } });
  });
  byId('map').addEventListener('keydown', moveInMap);
  const apply = ({ target }: Event) => {
    const command = (target as Element).closest<HTMLElement>('[data-command]')?.dataset.command;
    if (command === undefined) return;
    const { trace: _, ...flags } = flagsIn(command);
    page.change({ ...page.now, flags });
  };
  byId('refusal').addEventListener('click', ({ target }) => {
    if ((target as Element).closest('button') !== null) page.change({ ...page.now, flags: {} });
  });
  byId('changes').addEventListener('click', apply);
  byId('plan').addEventListener('click', apply);
  acceptFiles((files) => {
    const [name, bytes] = Object.entries(files)[0]!;
    give(files);
    const isTrace = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const { gpu, vram } = page.now.flags;
    const flags = { ...(gpu !== undefined && { gpu }), ...(vram !== undefined && { vram }) };
    page.change(isTrace ? { trace: name, flags } : { model: name, flags });
    showModel();
  });
  const files = servedFiles();
  if (Object.keys(files).length > 0) give(files);
  showModel();
  page.change(page.now);
  // For the console, and for tests: what the worker answers to a question.
  Object.assign(globalThis, { gcPlan: { ask: (question: Question) => live.ask({ kind: 'answer', question }) } });
}

/** The flags of a command line of ours, which quotes only what needs it. */
function flagsIn(command: string): Question['flags'] {
  const tokens = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, inQuotes, plain]) => inQuotes ?? plain!);
  return Object.fromEntries(
    tokens.flatMap((token, index): readonly (readonly [string, string | boolean])[] => {
      if (!token.startsWith('--')) return [];
      const next = tokens[index + 1];
      if (next !== undefined && !next.startsWith('--')) return [[token.slice(2), next]];
      return [token.startsWith('--no-') ? [token.slice(5), false] : [token.slice(2), true]];
    }),
  );
}

void start();
