/** One control for each option of the table that the command line has: an option that is added there is added here. */
import type { Question } from '../../options/address.js';
import type { OptionDefinition } from '../../options/definitions/definition.js';
import { html, type Markup } from '../../reports/pages/markup.js';
import type { Control, Controls } from '../controls.js';
import type { Catalogue } from '../engine.js';

/** Seen without opening anything, in this order; all others stand under their group. */
const first = [
  'hidden-dim',
  'layers',
  'mesh-level',
  'resolution',
  'batch',
  'rollout',
  'precision',
  'checkpoint',
  'optimizer',
  'mode',
  'runtime',
];
const card = ['gpu', 'vram'];
const groups = { model: 'More of the model', recipe: 'More of the recipe', device: 'More of the card' } as const;

export type Typed = string | boolean | undefined;

export class ControlPanel {
  private readonly rows = new Map<string, Row>();
  private readonly options: readonly OptionDefinition[];

  constructor(
    form: HTMLElement,
    private readonly catalogue: Catalogue,
    onChange: (name: string, value: Typed) => void,
  ) {
    this.options = catalogue.options;
    const named = (names: readonly string[]) =>
      names.flatMap((name) => this.options.filter((option) => option.name === name));
    fieldset(form, 'Card', this.made(named(card), onChange));
    fieldset(form, 'Model and recipe', this.made(named(first), onChange));
    for (const [group, title] of Object.entries(groups)) {
      const others = this.options.filter((each) => each.group === group && ![...card, ...first].includes(each.name));
      form.append(disclosure(title, this.made(others, onChange)));
    }
  }

  private made(options: readonly OptionDefinition[], onChange: (name: string, value: Typed) => void): HTMLElement[] {
    return options.map((option) => {
      const row = new Row(option, this.suggestions(option.name), (value) => onChange(option.name, value));
      this.rows.set(option.name, row);
      return row.element;
    });
  }

  private suggestions(name: string): readonly (readonly [string, string])[] | undefined {
    if (name === 'gpu')
      return this.catalogue.cards.map((each) => [
        each.name,
        /gb$/.test(each.name) ? each.name : `${each.name}, ${Math.round(each.nominalBytes / 2 ** 30)} GB`,
      ]);
    if (name === 'recipe') return this.catalogue.recipes.map((recipe) => [recipe, recipe]);
    return undefined;
  }

  /** Shows what holds, and hides what this model does not have in this runtime; a flag that is typed stays to be taken back. */
  show({ flags }: Question, controls: Controls = this.everything()): void {
    for (const [name, row] of this.rows) row.show(flags[name], controls[name]);
  }

  /** Where nothing could be asked yet: what is wrong may be in any of them. */
  private everything(): Controls {
    return Object.fromEntries(
      this.options.map(({ name, value }) => [
        name,
        { value: '', otherwise: '', ...(value.kind === 'choice' && { choices: value.choices }) },
      ]),
    );
  }

  /** Of the sizes that a slider has. */
  stops(name: string): readonly number[] {
    return this.rows.get(name)?.stops ?? [];
  }
}

function fieldset(form: HTMLElement, title: string, rows: readonly HTMLElement[]): void {
  const element = document.createElement('fieldset');
  const legend = document.createElement('legend');
  legend.textContent = title;
  element.append(legend, ...rows);
  form.append(element);
}

function disclosure(title: string, rows: readonly HTMLElement[]): HTMLElement {
  const element = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = title;
  element.append(summary, ...rows);
  return element;
}

export function element<Kind extends HTMLElement = HTMLElement>(markup: Markup): Kind {
  const template = document.createElement('template');
  template.innerHTML = markup.html.trim();
  return template.content.firstElementChild as Kind;
}

/** Label, control, the way back to the profile's value, and what the option means. */
class Row {
  readonly element: HTMLElement;
  stops: readonly number[] = [];
  private readonly field: HTMLInputElement | HTMLSelectElement;
  private readonly slider: HTMLInputElement | undefined;
  private readonly reset: HTMLButtonElement;

  constructor(
    private readonly option: OptionDefinition,
    private readonly suggestions: readonly (readonly [string, string])[] | undefined,
    private readonly onChange: (value: Typed) => void,
  ) {
    const { name, value, help } = option;
    const id = `option-${name}`;
    const isSelect = suggestions !== undefined || value.kind === 'choice' || value.kind === 'switch';
    const number = value.kind === 'integer' || value.kind === 'decimal';
    const control = isSelect
      ? html`<select id="${id}" aria-describedby="${id}-help"></select>`
      : html`<input id="${id}" aria-describedby="${id}-help" autocomplete="off" spellcheck="false" inputmode="${number ? 'decimal' : 'text'}">`;
    const slider =
      value.kind === 'integer'
        ? html`<input type="range" class="slider" aria-label="${words(name)}" aria-describedby="${id}-help" min="0" step="1">`
        : undefined;
    this.element = element(html`<div class="row" data-option="${name}">
<label for="${id}">${words(name)}</label>
<div class="field">${control}<button type="button" class="reset" aria-label="${words(name)}: back to what the model’s profile says" hidden>↺</button></div>
${slider}<p class="help" id="${id}-help">${help}</p>
</div>`);
    this.field = this.element.querySelector(`#${id}`)!;
    this.slider = this.element.querySelector<HTMLInputElement>('.slider') ?? undefined;
    this.reset = this.element.querySelector('.reset')!;
    this.element.title = help;
    this.field.addEventListener(isSelect ? 'change' : 'input', () => this.typed());
    this.slider?.addEventListener('input', () => this.slid());
    this.reset.addEventListener('click', () => {
      this.onChange(undefined);
      this.field.focus();
    });
  }

  private typed(): void {
    const text = this.field.value.trim();
    this.onChange(text === '' ? undefined : this.option.value.kind === 'switch' ? text === 'true' : text);
  }

  private slid(): void {
    const stop = this.stops[Number(this.slider!.value)];
    if (stop === undefined) return;
    this.field.value = String(stop);
    this.onChange(String(stop));
  }

  show(typed: Typed, control: Control | undefined): void {
    this.element.hidden = control === undefined && typed === undefined;
    this.reset.hidden = typed === undefined;
    if (this.field instanceof HTMLSelectElement) this.showChoices(this.field, typed, control);
    else {
      this.field.placeholder = control?.otherwise || this.example();
      // What is being typed is left alone.
      if (document.activeElement !== this.field) this.field.value = typed === undefined ? '' : String(typed);
    }
    if (this.slider !== undefined) this.showSlider(this.slider, typed, control);
  }

  private example(): string {
    const { value } = this.option;
    return value.kind === 'text' ? `e.g. ${value.example}` : '';
  }

  private showChoices(select: HTMLSelectElement, typed: Typed, control: Control | undefined): void {
    const { option } = this;
    const none = option.name === 'gpu' ? 'no card' : 'none';
    const otherwise = option.value.kind === 'switch' ? onOff(control?.otherwise) : (control?.otherwise ?? '');
    const choices: readonly (readonly [string, string])[] =
      this.suggestions ??
      (option.value.kind === 'switch'
        ? [['true', 'on'], ...(option.value.negatable ? [['false', 'off'] as const] : [])]
        : (control?.choices ?? []).map((choice) => [choice, choice]));
    const value = typed === undefined ? '' : String(typed);
    const known = value === '' || choices.some(([each]) => each === value);
    const all = [
      ['', this.suggestions || otherwise === '' ? none : `${otherwise} (default)`] as const,
      ...choices,
      ...(known ? [] : [[value, value] as const]),
    ];
    const key = JSON.stringify(all);
    if (select.dataset.choices !== key) {
      select.dataset.choices = key;
      select.replaceChildren(...all.map(([each, text]) => new Option(text, each)));
    }
    select.value = value;
  }

  /** An answer may be of the question before: where the hand is now says what is typed. */
  private showSlider(slider: HTMLInputElement, typed: Typed, control: Control | undefined): void {
    const { value } = this.option;
    const otherwise = Number(control?.otherwise);
    slider.hidden = control === undefined || control.otherwise === '' || !Number.isFinite(otherwise);
    if (slider.hidden || value.kind !== 'integer') return;
    const { minimum, maximum } = value.range;
    const now = Number(typed) >= minimum && Number(typed) <= maximum ? Number(typed) : Number(control!.value);
    const stops = stopsBetween(value.range, otherwise);
    this.stops = stops.includes(now) ? stops : [...stops, now].sort((a, b) => a - b);
    slider.max = String(this.stops.length - 1);
    if (document.activeElement !== slider || this.stops[Number(slider.value)] !== now)
      slider.value = String(this.stops.indexOf(now));
    slider.setAttribute('aria-valuetext', String(now));
  }
}

const words = (name: string): string => name.replaceAll('-', ' ');
const onOff = (value: string | undefined): string => ({ true: 'on', false: 'off' })[value ?? ''] ?? '';

/** Every value of a short range; of a long one powers of two and their halves between, up to eight times what the profile says. */
function stopsBetween(
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  otherwise: number,
): readonly number[] {
  if (maximum - minimum <= 16) return Array.from({ length: maximum - minimum + 1 }, (_, index) => minimum + index);
  const most = Math.min(maximum, 8 * Math.max(otherwise, 1));
  const powers = Array.from({ length: 32 }, (_, power) => 2 ** power);
  const nice = powers.flatMap((power) => [power, 1.5 * power]).filter(Number.isInteger);
  return [...new Set([...nice, otherwise])].filter((each) => each >= minimum && each <= most).sort((a, b) => a - b);
}
