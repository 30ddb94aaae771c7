import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Named by the lines `// node_modules/…` that the build leaves above a module. */
function packagesInDist(): string[] {
  const files = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
  const names = files.flatMap((file) => {
    const text = readFileSync(join('dist', file), 'utf8');
    return [...text.matchAll(/^\/\/ \S*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name!);
  });
  return [...new Set(names)].sort();
}

const licenceOf = (name: string): string => {
  const file = readdirSync(join('node_modules', name)).find((each) => /^licen[cs]e/i.test(each))!;
  return readFileSync(join('node_modules', name, file), 'utf8').trim();
};

describe('libraries in what ships', () => {
  const notices = readFileSync('dist/THIRD-PARTY.txt', 'utf8');
  // Of another version where two are installed: that one has the same words.
  const installed = packagesInDist().filter((name) => existsSync(join('node_modules', name)));

  it('stand in dist/THIRD-PARTY.txt, each with its licence word for word', () => {
    expect(installed).toEqual(expect.arrayContaining(['echarts', 'yaml', 'zod']));
    expect(installed.filter((name) => !notices.includes(licenceOf(name)))).toEqual([]);
    for (const name of packagesInDist()) expect.soft(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });

  it('of the page go with it, in the one file', () => {
    const page = readFileSync('dist/site/index.html', 'utf8');
    for (const name of ['echarts', 'yaml', 'zod']) expect.soft(page).toContain(licenceOf(name));
    expect(page).not.toContain(licenceOf('table'));
  });
});
