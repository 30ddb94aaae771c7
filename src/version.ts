import { createRequire } from 'node:module';

/** Who wrote a report; the version is the installed package's, which knows itself by name wherever this file lies in it. */
export function tool(): { readonly name: 'gc-plan'; readonly version: string } {
  const manifest = createRequire(import.meta.url)('gc-plan/package.json');
  return { name: 'gc-plan', version: String(manifest.version) };
}
