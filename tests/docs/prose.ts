/** Paragraphs and list items of a Markdown page, broken at words; tables, code and headings stay as they are. */
export const mostCharacters = 120;

const isListed = (line: string) => /^\s*([-*+]|\d+\.) /.test(line);
/** Lines that no break may make or unmake. */
const isVerbatim = (line: string) => /^\s*(\||#|>|<|!\[|\[[^\]]+\]: )/.test(line);
/** What would begin a list, a heading or a quotation at the start of a line. */
const opensBlock = (word: string) => /^([-+*>=]+|#+|\d+[.)])$/.test(word);

interface Block {
  readonly lines: readonly string[];
  readonly isProse: boolean;
}

/** Runs of lines that Markdown reads as one paragraph or one list item; each other line is a block of its own. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: { lines: string[]; isProse: boolean }[] = [];
  let isCode = false;
  let isOpen = false;
  for (const line of markdown.split('\n')) {
    const isFence = /^\s*```/.test(line);
    const isProse = !isCode && !isFence && line.trim() !== '' && !isVerbatim(line);
    if (isFence) isCode = !isCode;
    if (isProse && isOpen && !isListed(line)) blocks.at(-1)!.lines.push(line);
    else blocks.push({ lines: [line], isProse });
    isOpen = isProse;
  }
  return blocks;
}

/** A block is broken anew where one of its lines is longer than 120 characters. */
export const reflowed = (markdown: string): string =>
  blocksOf(markdown)
    .flatMap(({ lines, isProse }) => (isProse && lines.some(isTooLong) ? broken(lines) : lines))
    .join('\n');

export const isTooLong = (line: string): boolean => [...line].length > mostCharacters;

function broken(lines: readonly string[]): readonly string[] {
  const [, first = '', mark = ''] = /^(\s*)((?:[-*+]|\d+\.) )?/.exec(lines[0]!)!;
  const indent = ' '.repeat(first.length + mark.length);
  const words = lines.join(' ').trim().slice(mark.length).split(/\s+/);
  const unbroken: string[] = [];
  for (const word of words)
    if (opensBlock(word) && unbroken.length > 0) unbroken.push(`${unbroken.pop()} ${word}`);
    else unbroken.push(word);
  const result: string[] = [];
  for (const words of unbroken) {
    const longer = `${result.at(-1)} ${words}`;
    if (result.length === 0) result.push(first + mark + words);
    else if (isTooLong(longer)) result.push(indent + words);
    else result[result.length - 1] = longer;
  }
  return result;
}
