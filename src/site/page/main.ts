/** The page: controls → question → worker → picture. The address holds the question. */
import '../../reports/explain/browser/echarts.js';
import { fromHash, type Question, toHash } from '../../options/address.js';
import type { AnyEstimate } from '../../reports/estimate/schema.js';
import { codeLines } from '../../reports/pages/blocks.js';
import { html, type Markup } from '../../reports/pages/markup.js';
import { formatBytes } from '../../reports/units.js';
import type { Answer, Cell } from '../engine.js';
import type { Replies } from '../messages.js';
import { byId, drawAnswer, drawMap, drawRefusal, type MapFrame, put, putPlan, Timeline } from './drawing.js';
import { Estimator, Refusal } from './estimator.js';
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
type Search = Estimator['ask'];

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

const mostOfMap = 7;

async function fillMap(question: Question, { estimate }: Answer, panel: ControlPanel, search: Search): Promise<void> {
  const { config, verdict } = estimate;
  byId('map-section').hidden = 'trace' in config;
  if ('trace' in config) return;
  const { hiddenDim, layers } = config.model;
  const frame: MapFrame = {
    widths: around(panel.stops('hidden-dim'), hiddenDim),
    depths: around(panel.stops('layers'), layers),
    now: { hiddenDim, layers },
    usableBytes: 'usableBytes' in verdict ? verdict.usableBytes : undefined,
  };
  const cells: (Cell | undefined)[] = [];
  drawMap(cells, frame);
  for (const width of frame.widths) {
    for (const depth of frame.depths)
      cells.push(await search({ kind: 'cell', question, hiddenDim: width, layers: depth }));
    drawMap(cells, frame);
  }
}

/** The sizes of a slider around the one that holds. */
function around(stops: readonly number[], value: number): readonly number[] {
  const at = stops.indexOf(value);
  const from = Math.max(0, Math.min(at - Math.floor(mostOfMap / 2), stops.length - mostOfMap));
  return stops.slice(from, from + mostOfMap);
}

declare global {
  /** Name → content in base64. */
  var gcPlanFiles: Readonly<Record<string, string>> | undefined;
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

function give(files: Readonly<Record<string, Uint8Array>>): void {
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
  // Of `gc-plan open FILE`, which serves the page with the file in it.
  const files = Object.entries(globalThis.gcPlanFiles ?? {}).map(([name, base64]) => [name, bytesOf(base64)]);
  if (files.length > 0) give(Object.fromEntries(files));
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

/** Arrow keys walk through the map, of which one cell is in the order of tabs. */
function moveInMap(event: KeyboardEvent): void {
  const [down, right] = (
    { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] } as Record<string, [number, number]>
  )[event.key] ?? [0, 0];
  const from = (event.target as HTMLElement).dataset.cell?.split('/').map(Number);
  if (from === undefined || (down === 0 && right === 0)) return;
  const to = byId('map').querySelector<HTMLElement>(`[data-cell="${from[0]! + down}/${from[1]! + right}"]`);
  if (to === null) return;
  event.preventDefault();
  to.focus();
}

function acceptFiles(use: (files: Readonly<Record<string, Uint8Array>>) => void): void {
  const take = async (list: FileList | null | undefined) => {
    if (!list || list.length === 0) return;
    const files = await Promise.all(
      [...list].map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
    );
    use(Object.fromEntries(files));
  };
  const input = byId<HTMLInputElement>('file');
  input.addEventListener('change', () => void take(input.files));
  addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  addEventListener('dragleave', () => document.body.classList.remove('dropping'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    void take(event.dataTransfer?.files);
  });
}

void start();
