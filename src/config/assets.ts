/** Files that ship with the package. This file stays one folder below `src/` and below `dist/`, whatever the build joins. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `file`: from `src/`, or from `dist/` once it is built. */
export const assetFile = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));

/** `file`: from `dist/`, also where the rest runs from its sources: what only the build makes. */
export const builtFile = (file: string): string => assetFile(`../dist/${file}`);

export const readAsset = (file: string): string => readFileSync(assetFile(file), 'utf8');
export const readBuilt = (file: string): string => readFileSync(builtFile(file), 'utf8');
