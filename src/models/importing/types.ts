import type { ModelProfile } from '../../config/profiles.js';
import type { Settings } from './settings.js';

/** What one code base's configuration says, on top of the shipped profile of that code base. */
export interface Imported {
  readonly base: string;
  readonly model: Partial<ModelProfile['model']>;
  readonly recipe: ModelProfile['recipe'];
  /** What the file says and these numbers do not follow. */
  readonly notes: readonly string[];
}

export interface Importer {
  readonly label: string;
  readonly recognizes: (settings: Settings) => boolean;
  readonly read: (settings: Settings) => Imported;
  /** Keys that are known to leave memory alone. */
  readonly harmless: RegExp;
}

export const planOf = (parts: readonly (string | false | undefined)[]): string =>
  parts.filter(Boolean).join('+') || 'none';
