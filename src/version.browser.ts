/** What `version.ts` is in a browser: the version that the build has put into the page. */
export const tool = (): { readonly name: 'gc-plan'; readonly version: string } => ({
  name: 'gc-plan',
  version: (globalThis as unknown as { readonly gcPlanShipped: { readonly version: string } }).gcPlanShipped.version,
});
