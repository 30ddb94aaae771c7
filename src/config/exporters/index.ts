/** `--export CODEBASE`: a configuration in another code base's keys. */
import { InputError } from '../../errors.js';
import { nearest, shown } from '../nearest.js';
import type { Config } from '../types.js';
import { toAnemoi } from './anemoi.js';
import { toDeepmind } from './deepmind.js';
import { toNeuralLam } from './neural-lam.js';
import { toPhysicsnemo } from './physicsnemo.js';
import type { Exported, Exporter } from './types.js';
import { writeArguments, writeJson, writeYaml } from './write.js';

interface CodeBase {
  readonly export: Exporter;
  readonly write: (exported: Exported, original?: string) => string;
}

const codeBases = {
  deepmind: { export: toDeepmind, write: writeJson },
  physicsnemo: { export: toPhysicsnemo, write: writeYaml },
  anemoi: { export: toAnemoi, write: writeYaml },
  'neural-lam': { export: toNeuralLam, write: writeArguments },
} as const satisfies Readonly<Record<string, CodeBase>>;

export type CodeBaseName = keyof typeof codeBases;
export const codeBaseNames = Object.keys(codeBases) as readonly CodeBaseName[];

export function parseCodeBase(name: string): CodeBaseName {
  if (Object.hasOwn(codeBases, name)) return name as CodeBaseName;
  throw new InputError('unknown-code-base', `--export ${shown(name)}: there is no such code base.`, [
    `Nearest: ${nearest(name, codeBaseNames, 2).join(', ')}`,
  ]);
}

export interface ExportedFile {
  readonly text: string;
  /** What the code base has no key for. */
  readonly missing: readonly string[];
}

/** `original`: the file that was imported, whose comments and other keys stay. */
export function exportConfig(name: CodeBaseName, config: Config, original?: string): ExportedFile {
  const { export: keysOf, write } = codeBases[name];
  const exported = keysOf(config);
  return { text: write(exported, original), missing: exported.missing };
}
