/** Names of the ways a report can be written. Which report has which is the map in `render.ts`. */
export const formats = ['table', 'json', 'github', 'html', 'junit', 'svg'] as const;
export type Format = (typeof formats)[number];
export const isFormat = (name: string): name is Format => (formats as readonly string[]).includes(name);

/** Any versioned report; its schema says which. */
export interface Report {
  readonly schema: string;
}

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
