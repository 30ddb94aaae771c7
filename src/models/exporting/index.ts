/** `--export CODEBASE`: a configuration in another code base's keys. */
import { layoutTraits } from '../../config/capabilities.js';
import type { Config, Model } from '../../config/types.js';
import { toAnemoi } from '../anemoi/export.js';
import { toDeepmind } from '../graphcast/export.js';
import { toNeuralLam } from '../neural-lam/export.js';
import { toPhysicsnemo } from '../physicsnemo/export.js';
import type { CodeBaseName } from './names.js';
import type { Exported, Exporter } from './types.js';
import { writeArguments, writeJson, writeYaml } from './write.js';

interface CodeBase {
  readonly export: Exporter;
  readonly write: (exported: Exported, original?: string) => string;
  /** The shipped profile that an export of another code base's model is priced as. */
  readonly profile: (model: Model) => string;
}

const codeBases: Readonly<Record<CodeBaseName, CodeBase>> = {
  deepmind: { export: toDeepmind, write: writeJson, profile: () => 'graphcast' },
  physicsnemo: { export: toPhysicsnemo, write: writeYaml, profile: () => 'physicsnemo-graphcast' },
  anemoi: {
    export: toAnemoi,
    write: writeYaml,
    profile: ({ processor }) => (processor === 'attention' ? 'anemoi-graphtransformer' : 'anemoi-gnn'),
  },
  'neural-lam': { export: toNeuralLam, write: writeArguments, profile: () => 'neural-lam' },
};

export const profileOf = (name: CodeBaseName, model: Model): string => codeBases[name].profile(model);

export interface ExportedFile {
  readonly text: string;
  /** What the code base has no key for. */
  readonly missing: readonly string[];
}

/** `original`: the file that was imported, whose comments and other keys stay. */
export function exportConfig(name: CodeBaseName, config: Config, original?: string): ExportedFile {
  const { export: keysOf, write } = codeBases[name];
  const exported = keysOf(config);
  // Another code base's file has no place for these keys.
  const own = layoutTraits[config.model.layout].codeBase === name ? original : undefined;
  return { text: write(exported, own), missing: exported.missing };
}
