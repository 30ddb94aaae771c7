import type { Report } from './formats.js';

/** JSON.stringify escapes ASCII's control characters; a terminal obeys Latin-1's too. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export const renderJson = (report: Report): string => jsonText(report);
