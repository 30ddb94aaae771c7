/** `--export CODEBASE`: a configuration in another code base's keys. */
import type { Config } from '../../config/types.js';
import { codeBaseOf, exportsOf } from '../index.js';
import type { Exporter, GrowableCheckpoint } from './types.js';

export interface ExportedFile {
  readonly text: string;
  /** What the code base has no key for. */
  readonly missing: readonly string[];
  readonly ending: Exporter['ending'];
  readonly checkpoint?: GrowableCheckpoint;
}

/** `original`: the file that was imported, whose comments and other keys stay. */
export async function exportConfig(name: string, config: Config, original?: string): Promise<ExportedFile> {
  const exporter = await exportsOf(name).load();
  const exported = exporter.keysOf(config);
  // Another code base's file has no place for these keys.
  const own = codeBaseOf(config.model.layout).name === name ? original : undefined;
  const checkpoint = exporter.checkpoint?.(config);
  return {
    text: exporter.write(exported, own),
    missing: exported.missing,
    ending: exporter.ending,
    ...(checkpoint && { checkpoint }),
  };
}
