/** Documents can be read in a terminal beside the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { blocksOf, isTooLong, reflowed } from './prose.js';

const documents = ['.', 'docs', 'docs/decisions', 'python'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file}`),
);

it.each(documents)('%s has no line of prose of more than 120 characters', (file) => {
  const prose = blocksOf(readFileSync(file, 'utf8')).flatMap(({ lines, isProse }) => (isProse ? lines : []));
  // What holds no space cannot be broken.
  expect(prose.filter((line) => isTooLong(line) && line.trim().includes(' '))).toEqual([]);
});

describe('a page whose lines are broken anew', () => {
  const plain = (html: string) => html.replaceAll(/\s+/g, ' ');
  const long = 'word '.repeat(40).trim();

  it.each([
    ['a paragraph', `${long}\nand on`],
    ['list items, each for itself', `- ${long}\n- short\n  - nested ${long}\n1. ${long}`],
    ['a minus, a plus and a number that a break must not turn into a list', 'a - b + c 3. '.repeat(20).trim()],
    ['a code span', `${long} \`--checkpoint ${long}\` ${long}`],
    ['tables and code', `| ${long} |\n|---|\n| ${long} ${long} |\n\n\`\`\`\n${long}\n\`\`\``],
  ])('says the same: %s', (_, markdown) => {
    expect(plain(marked.parse(reflowed(markdown), { async: false }))).toBe(
      plain(marked.parse(markdown, { async: false })),
    );
    expect(reflowed(reflowed(markdown))).toBe(reflowed(markdown));
  });
});
