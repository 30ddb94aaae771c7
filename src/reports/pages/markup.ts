/** HTML from a tagged template: whatever is put in is escaped, unless it is HTML already. */
export interface Markup {
  readonly html: string;
}

type Insertable = Markup | string | number | undefined | readonly Insertable[];

/** For text and for double-quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const isMarkup = (value: object): value is Markup => 'html' in value;

function inserted(value: Insertable): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return escapeHtml(String(value));
  return isMarkup(value) ? value.html : value.map(inserted).join('');
}

export const html = (strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup => ({
  html: strings.reduce((text, string, index) => text + inserted(values[index - 1]) + string),
});

/** Text that is HTML, CSS or JavaScript of ours already. */
export const trusted = (text: string): Markup => ({ html: text });

/** JSON inside a script element: no `<` can end it. */
export const embeddedJson = (id: string, value: unknown): Markup =>
  trusted(`<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`);
