/** Documents point at files that are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

const documents = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Paths that a document names: of links relative to it, of code relative to the checkout. */
function pathsIn(document: string): readonly string[] {
  const text = readFileSync(document, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  const linked = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, to]) =>
    join(dirname(document), to!),
  );
  const inCode = [...text.matchAll(/`((?:src|tests|scripts|profiles|docs|python|bin)\/[\w./-]+)`/g)].map(
    ([, to]) => to!,
  );
  return [...linked, ...inCode].map(normalize);
}

it.each(documents)('%s names no file and no folder that is not there', (document) => {
  expect(pathsIn(document).filter((path) => !existsSync(path))).toEqual([]);
});

it('the map of the architecture names more than forty of them', () => {
  expect(new Set(pathsIn('docs/architecture.md')).size).toBeGreaterThan(40);
});
