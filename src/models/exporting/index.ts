/** `--export CODEBASE`: a configuration in another code base's keys. */
import { layoutTraits } from '../../config/capabilities.js';
import type { Config } from '../../config/types.js';
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
}

const codeBases: Readonly<Record<CodeBaseName, CodeBase>> = {
  deepmind: { export: toDeepmind, write: writeJson },
  physicsnemo: { export: toPhysicsnemo, write: writeYaml },
  anemoi: { export: toAnemoi, write: writeYaml },
  'neural-lam': { export: toNeuralLam, write: writeArguments },
};

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
