/** What `warnings.ts` is in a browser: they go to its console. */
export const warn = (text: string): void => console.warn(text);
