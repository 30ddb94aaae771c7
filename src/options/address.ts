/** What is on the page, and how its address holds that: `#model=graphcast-small&gpu=rtx-4090&hidden-dim=512`. */
import type { Flags } from './typed.js';

/** What is on the page: a model with flags as they are typed, or a captured trace. */
export interface Question {
  readonly model?: string | undefined;
  readonly flags: Flags;
  /** The name of a trace that the page was given. */
  readonly trace?: string | undefined;
}

/** A first look; an address that says nothing shows it. */
const firstLook: Question = { model: 'graphcast-small', flags: { gpu: 'rtx-4090' } };

export function fromHash(hash: string): Question {
  const said = [...new URLSearchParams(hash.replace(/^#/, ''))];
  if (said.length === 0) return firstLook;
  const { model, trace, ...flags } = Object.fromEntries(said);
  const typed = Object.entries(flags).map(([name, value]) => [name, switches[value] ?? value]);
  const isOfFile = trace !== undefined || flags.import !== undefined;
  return {
    model: model ?? (isOfFile ? undefined : firstLook.model),
    trace,
    flags: Object.fromEntries(typed),
  };
}

/** A flag without a value, and the same with `no-` before it. */
const switches: Readonly<Record<string, boolean>> = { true: true, false: false };

export function toHash({ model, trace, flags }: Question): string {
  const said = new URLSearchParams();
  if (model !== undefined) said.set('model', model);
  if (trace !== undefined) said.set('trace', trace);
  for (const [name, value] of Object.entries(flags)) if (value !== undefined) said.set(name, String(value));
  return `#${said}`;
}
