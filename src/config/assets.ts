/**
 * Files that ship with the package. This file stays one folder below `src/` and below `dist/`, whatever the build joins. In a browser
 * `assets.browser.ts` stands in its place.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `file`: from `src/`, or from `dist/` once it is built. */
export const assetFile = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));

/** `file`: from `dist/`, also where the rest runs from its sources: what only the build makes. */
export const builtFile = (file: string): string => assetFile(`../dist/${file}`);

export const readAsset = (file: string): string => readFileSync(assetFile(file), 'utf8');
export const readBuilt = (file: string): string => readFileSync(builtFile(file), 'utf8');

/** The package's, from the source tree and from the compiled one alike. */
const profiles = assetFile('../profiles');

/** Names of the shipped profiles of one kind (a folder of `profiles/`), in alphabetical order. */
export const shippedNames = (kind: string): readonly string[] =>
  readdirSync(join(profiles, kind))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();

/** One profile as JSON text; undefined where none of that name ships. `name`: checked by the caller, it becomes part of a path. */
export function shippedProfile(kind: string, name: string): string | undefined {
  const path = join(profiles, kind, `${name}.json`);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
