/** How a change is written in the user's own code: by the code base where it has a place for it, else as the runtime takes it. */
import type { Config } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { codeBaseOf } from '../models/index.js';
import { runtimeTraits } from '../runtimes/traits.js';

/** The value that `config` holds, of the strategy of that id. */
export function codeLines(id: string, config: Config): readonly CodeLine[] {
  const own = codeBaseOf(config.model.layout).lines?.[config.runtime]?.[id];
  const lines = own ?? runtimeTraits[config.runtime].lines[id];
  return lines?.(config) ?? [];
}
