/** What every report and every format of it share. Which report has which is the map in `render.ts`. */

/** Names of the ways a report can be written. */
export const formats = ['table', 'json', 'github', 'html', 'junit', 'svg'] as const;
export type Format = (typeof formats)[number];
export const isFormat = (name: string): name is Format => (formats as readonly string[]).includes(name);

/** Any versioned report; its schema says which. */
export interface Report {
  readonly schema: string;
}

/** Reports are values: nothing writes to one after it was made. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** What a renderer may know of the place it writes to. */
export interface Layout {
  readonly columns: number;
  readonly colour: boolean;
  /** Everything, not the first screen alone. */
  readonly details?: boolean;
  /** The command line that was typed; a page says how to get it again. */
  readonly command?: string;
  /** The day on which it is written, `2026-11-29`; a page says it. */
  readonly date?: string;
}

export type Renderer<R extends Report> = (report: R, layout: Layout) => string;

/** The answer in one line, its first words apart so that a format can stress them. */
export interface Answer {
  readonly tone: 'yes' | 'maybe' | 'no' | 'neutral';
  readonly head: string;
  readonly rest: string;
}

/** A column of a table, the same for every format. */
export interface Column<Row> {
  readonly title: string;
  readonly alignment: '<' | '>';
  readonly text: (row: Row) => string;
  /** Given up first where it is highest and the terminal is narrow; absent: never. */
  readonly dispensable?: number;
  /** Left out where all rows say the same. */
  readonly onlyIfVaried?: boolean;
}

export const shownColumns = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly Column<Row>[] =>
  columns.filter(({ onlyIfVaried, text }) => !onlyIfVaried || new Set(rows.map(text)).size > 1);

/** JSON.stringify escapes ASCII's control characters; a terminal obeys Latin-1's too. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export const renderJson = (report: Report): string => jsonText(report);
