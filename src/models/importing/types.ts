import type { ModelProfile } from '../../config/profiles.js';
import type { Settings } from './settings.js';

/** What decides which model it is. None of them is ever taken from a profile in silence. */
export const essentials = ['layers', 'hiddenDim', 'mesh', 'grid', 'inputChannels', 'outputChannels'] as const;
export type Essential = (typeof essentials)[number];

/** What one code base's configuration says. */
export interface Imported {
  /** The shipped profile of that code base: its own defaults, for what is no essential. Absent: the file does not say which network. */
  readonly base: string | undefined;
  readonly model: Partial<ModelProfile['model']>;
  readonly recipe: ModelProfile['recipe'];
  /** What the file says and these numbers do not follow, and defaults of the code base that stand in, each with its source. */
  readonly notes: readonly string[];
  /** Essentials that the file gives, and as something that is not priced: no MODEL stands in for them, only a typed flag. */
  readonly otherwise?: readonly Essential[];
  /** What to type for an essential that the file leaves open, and where that code base says it. */
  readonly asks: Readonly<Record<Essential, string>>;
}

export interface Importer {
  readonly label: string;
  readonly recognizes: (settings: Settings) => boolean;
  readonly read: (settings: Settings) => Imported;
  /** Keys that are known to leave memory alone. */
  readonly isHarmless: (key: string) => boolean;
  /** The shipped models that may be named beside a file that does not say which network it is. */
  readonly bases: readonly string[];
}

export const planOf = (parts: readonly (string | false | undefined)[]): string =>
  parts.filter(Boolean).join('+') || 'none';
