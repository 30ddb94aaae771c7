/** Files that ship with the package or with a library, read as they are. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** `file`: from `src/`, or from `dist/` once it is built. */
export const readAsset = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** `specifier`: as it would be imported, e.g. `echarts/dist/echarts.common.min.js`. */
export const readLibraryFile = (specifier: string): string =>
  readFileSync(createRequire(import.meta.url).resolve(specifier), 'utf8');

/** Where a file of `src/` lies that is handed to another program. Not beside the caller: the build puts many modules into one file. */
export const assetFile = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));
