import { readFileSync } from 'node:fs';

/** Who wrote a report; the version is the installed package's. */
export function tool(): { readonly name: 'gc-plan'; readonly version: string } {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return { name: 'gc-plan', version: String(manifest.version) };
}
