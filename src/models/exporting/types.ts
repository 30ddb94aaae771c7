import type { Config } from '../../config/types.js';

export type Value = string | number | boolean | null | readonly (string | number)[];

/** What of a configuration one code base can be told, by its own keys; `missing`: what it has no key for. */
export interface Exported {
  readonly keys: ReadonlyMap<string, Value>;
  readonly missing: readonly string[];
}

/** A checkpoint that `gc-plan grow` carries over. */
export interface GrowableCheckpoint {
  readonly ending: 'npz' | 'pt';
  /** What the arrays don't say, as `gc-plan grow` takes it. */
  readonly flags?: string;
}

/** One code base's configuration: which keys, and in which kind of file (`write.ts`). */
export interface Exporter {
  readonly keysOf: (config: Config) => Exported;
  readonly write: (exported: Exported, original?: string) => string;
  /** `sh`: a command line. */
  readonly ending: 'json' | 'yaml' | 'sh';
  /** Absent, or without one: checkpoints of this model don't grow. */
  readonly checkpoint?: (config: Config) => GrowableCheckpoint | undefined;
}
