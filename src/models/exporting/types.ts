import type { Config } from '../../config/types.js';

export type Value = string | number | boolean | readonly (string | number)[];

/** What of a configuration one code base can be told, by its own keys; `missing`: what it has no key for. */
export interface Exported {
  readonly keys: ReadonlyMap<string, Value>;
  readonly missing: readonly string[];
}

export type Exporter = (config: Config) => Exported;
