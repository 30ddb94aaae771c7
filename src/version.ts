import { createRequire } from 'node:module';

/** `npm run build` puts it in: finding and reading a manifest is 2 ms of every start. */
declare const gcPlanVersion: string | undefined;

/** Who wrote a report. From its sources the version is the package's, which knows itself by name wherever this file lies in it. */
export function tool(): { readonly name: 'gc-plan'; readonly version: string } {
  const isBuilt = typeof gcPlanVersion === 'string';
  return { name: 'gc-plan', version: isBuilt ? gcPlanVersion : manifestVersion() };
}

const manifestVersion = (): string => createRequire(import.meta.url)('gc-plan/package.json').version;
