/** What `assets.ts` is in a browser: what the build has put into the page (`scripts/site.mjs`). */
export interface Shipped {
  readonly version: string;
  /** Kind → name → the profile, as its JSON file has it. */
  readonly profiles: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Data of code bases: file from `src/` → its content. */
  readonly data: Readonly<Record<string, unknown>>;
}

export const shipped = (): Shipped => (globalThis as unknown as { readonly gcPlanShipped: Shipped }).gcPlanShipped;

export const shippedNames = (kind: string): readonly string[] => Object.keys(shipped().profiles[kind] ?? {}).sort();

export function shippedProfile(kind: string, name: string): string | undefined {
  const ofKind = shipped().profiles[kind] ?? {};
  return Object.hasOwn(ofKind, name) ? JSON.stringify(ofKind[name]) : undefined;
}

export const readAsset = (file: string): string => JSON.stringify(shipped().data[file]);

/** Where it would be: scripts of the user's Python are named by records, and started by the command line alone. */
export const assetFile = (file: string): string => file;
