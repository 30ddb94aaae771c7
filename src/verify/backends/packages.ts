/** Where the backends' packages are: a clone has them, and `gc-plan verify --install` puts them into the user's data folder. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { userDataFile } from '../user-data.js';

/** `js`: `@tensorflow/tfjs` · `native`: `@tensorflow/tfjs-node-gpu`, its addon and libtensorflow; it brings `@tensorflow/tfjs`. */
export const installable = ['js', 'native'] as const;
export type Installable = (typeof installable)[number];

/** What `npm ci` of a clone brings, what the locks beside this file pin, and what the measured bytes are of. */
export const tfjsVersion = '4.22.0';

export const installFolder = (which: Installable): string | undefined =>
  userDataFile(join('backends', `${which}-${tfjsVersion}`));

/** The folder of an installed package; one beside gc-plan goes before the user's. */
export function packageFolder(name: '@tensorflow/tfjs' | '@tensorflow/tfjs-node-gpu'): string | undefined {
  const places = installable.flatMap((which) => installFolder(which) ?? []);
  for (const from of [import.meta.url, ...places.map((folder) => pathToFileURL(join(folder, 'package.json')).href)]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/** Loads the package's entry, as `import` of its name would where it is beside us. */
export async function importFrom<Module>(folder: string): Promise<Module> {
  return import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve(folder)).href);
}
