import type { Layout } from '../formats.js';
import { page, paragraph, styleOf } from '../terminal/blocks.js';
import type { Opened } from './schema.js';

export function renderOpened({ url, command }: Opened, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    // One piece, however long: it is clicked or copied.
    [style.bold(url)],
    paragraph(`The page of ${command}, for this machine alone. Ctrl-C ends it.`, layout),
  ]);
}
