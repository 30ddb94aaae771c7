/** What came of the options when the real code bases ran them (scripts/run-options.py). */
import { readFileSync } from 'node:fs';
import type { Flags } from '../../src/options/typed.js';

interface Made {
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
  readonly standIns: Readonly<Record<string, string>>;
}

export interface Row {
  readonly model: string;
  readonly size: Readonly<Record<string, string | number>>;
  readonly flags: { readonly precision: string } & Readonly<Record<string, string | number | boolean>>;
  readonly outcome: 'runs' | 'raises' | 'runs changed' | 'not tried';
  readonly error?: string;
  readonly change?: string;
  readonly reason?: string;
}

const [first, ...lines] = readFileSync(new URL('../data/options-run.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
export const made = JSON.parse(first!) as Made;
export const rows = lines.map((line) => JSON.parse(line) as Row);

/** What the script leaves out is off there, whatever a profile says. */
export function flagsOf({ model, size, flags }: Row): Flags {
  const base = {
    batch: 1,
    ...(flags.mode !== 'inference' && { checkpoint: 'none', optimizer: 'adamw-fused' }),
    ...(model === 'physicsnemo-graphcast' && { 'concat-trick': 'off', 'recompute-activation': false }),
  };
  return Object.fromEntries(
    Object.entries({ ...size, ...base, ...flags }).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? value : String(value),
    ]),
  );
}

/** The options beside the precision, as typed. */
export function optionsOf({ flags: { precision: _, ...options } }: Row): string {
  const typed = Object.entries(options).map(([name, value]) => (value === true ? `--${name}` : `--${name} ${value}`));
  return typed.join(' ') || 'none';
}
