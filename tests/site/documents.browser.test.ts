import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf, measured, noFaults, open, openBrowser } from '../reports/html/browser.js';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-documents-'));
  const { status, stderr } = spawnSync(process.execPath, ['scripts/site.mjs', join(folder, 'site')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

describe('the documents beside the page', () => {
  const files = () =>
    readdirSync(join(folder, 'site'), { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.html'));

  it('are all there, and every link of theirs leads somewhere', () => {
    const htmlOf = new Map(files().map((each) => [each, readFileSync(join(folder, 'site', each), 'utf8')]));
    const documents = [...readdirSync('docs', { recursive: true, encoding: 'utf8' }), ...readdirSync('.')].filter(
      (each) => each.endsWith('.md'),
    );
    // The page, and the page alone.
    expect(htmlOf.size).toBe(documents.length + 2);
    const broken: string[] = [];
    for (const [from, html] of htmlOf) {
      if (from === 'index.html' || from === 'gc-plan.html') continue;
      for (const [, href = ''] of html.matchAll(/<a href="([^"]+)"/g)) {
        if (/^(https?|mailto):/.test(href)) continue;
        const [path, id] = href.split('#');
        const linked = htmlOf.get(path === '' ? from : join(dirname(from), path!));
        if (linked === undefined || (id !== undefined && !linked.includes(` id="${id}"`)))
          broken.push(`${from}: ${href}`);
      }
    }
    expect(broken).toEqual([]);
    expect(htmlOf.get('index.html')).toContain('<a href="docs/index.html">');
    expect(htmlOf.get('gc-plan.html')).not.toContain('<a href="docs/');
  });

  it('can all be read on a phone: no line beyond the page, no label below 11 px', async () => {
    const { page } = await open(browser, join(folder, 'site', 'docs', 'index.html'), { width: 390 });
    const unreadable: Record<string, unknown> = {};
    for (const each of files().filter((name) => name !== 'index.html' && name !== 'gc-plan.html')) {
      await page.goto(pathToFileURL(join(folder, 'site', each)).href, { waitUntil: 'load' });
      const { overflowPx, tooSmall, clipped } = await measured(page);
      if (overflowPx > 0 || tooSmall.length > 0 || clipped.length > 0)
        unreadable[each] = { overflowPx, tooSmall, clipped };
    }
    await page.close();
    expect(unreadable).toEqual({});
  });

  it.each([
    { document: 'capture', look: { width: 1280, dark: true } },
    { document: 'grow', look: { width: 390 } },
    { document: 'index', look: { width: 390, dark: true } },
    { document: 'guide', look: { width: 1280 } },
    { document: 'import', look: { width: 390 } },
    { document: 'decisions/0006-charts-and-pages', look: { width: 1280, dark: true } },
  ])('$document can be read at $look.width px', async ({ document, look }) => {
    const shown = await open(browser, join(folder, 'site', 'docs', `${document}.html`), look);
    expect(await faultsOf(shown, `site-docs-${document.replaceAll('/', '-')}`)).toEqual(noFaults);
  });
});
