/** How a change is written in the user's own code: by the code base where it has a place for it, else as the runtime takes it. */
import type { Config, RuntimeName } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { codeBaseOf } from '../models/index.js';
import type { Strategy } from './types.js';

/** The value that `config` holds. */
export function codeLines({ id, code }: Strategy, config: Config): readonly CodeLine[] {
  const own = codeBaseOf(config.model.layout).lines?.[config.runtime]?.[id];
  return own === undefined ? code(config) : own(config);
}

type LinesOfRuntime = Readonly<Partial<Record<RuntimeName, (config: Config) => readonly CodeLine[]>>>;

/** A runtime that is left out has no such line. */
export const inRuntimes =
  (lines: LinesOfRuntime): Strategy['code'] =>
  (config) =>
    lines[config.runtime]?.(config) ?? [];
