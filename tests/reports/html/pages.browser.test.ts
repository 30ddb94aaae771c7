import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../../src/reports/explain/schema.js';
import { rendererFor } from '../../../src/reports/render.js';
import { formatBytes } from '../../../src/reports/units.js';
import { invoke } from '../../cli/invoke.js';
import { copiedText, faultsOf, faultsSeen, lookAt, looks, noFaults, open, openBrowser, screenshot } from './browser.js';
import { captured, grown, ladder } from './samples.js';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  browser = await openBrowser();
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-html-'));
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** Before what belongs to the second of two configurations. */
function asPage(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return argv.toSpliced(end === -1 ? argv.length : end, 0, '--format', 'html');
}

async function pageOf(...argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await invoke(asPage(argv));
  if (stdout === '') throw new Error(stderr);
  const file = join(folder, `${argv[0]}.html`);
  writeFileSync(file, stdout);
  return file;
}

const sections = ['Assumptions', 'How to reproduce'];
const cases = [
  {
    argv: ['estimate', 'graphcast-small', '--gpu', 't4'],
    headings: [...sections, 'How accurate', 'The cheapest changes that fit'],
  },
  {
    argv: ['advise', 'graphcast-small', '--gpu', 't4'],
    headings: [...sections, 'How accurate', 'The cheapest combination that fits', 'How each is written'],
  },
  {
    argv: ['solve', 'graphcast-small', '--for', 'batch', '--gpu', 'rtx-3090'],
    headings: [...sections, 'How accurate', 'With another plan'],
  },
  { argv: ['check', 'docs/example/regression.yaml'], headings: [...sections, 'What fails', 'On the cards'] },
  { argv: ['cards', 'graphcast', '--mode', 'inference', '--top', '8'], headings: [...sections, 'The cards'] },
  {
    argv: ['compare', 'graphcast-small', '--gpu', 'rtx-4090', '--', '--hidden-dim', '768', '--batch', '2'],
    headings: [...sections, 'Because of', 'Before and after'],
  },
  {
    argv: ['explain', 'graphcast-small', '--hidden-dim', '256', '--layers', '8'],
    headings: [...sections, 'How accurate'],
  },
  {
    argv: ['sweep', '--vram', '24GB', '--layers', '8,16', '--hidden-dim', '256,512', '--batch', '1'],
    headings: [...sections, 'How accurate', 'The progressive plan', 'Every width and depth'],
  },
  { argv: ['validate'], headings: [...sections, 'By runtime', 'Published figures'] },
  /** Its losses and times differ from run to run. */
  {
    argv: ['verify', 'tiny', '--steps', '2', '--ledger', join(tmpdir(), `gc-plan-html-${process.pid}.jsonl`)],
    headings: [...sections, 'Predicted and measured'],
    differs: true,
  },
];

describe.each(cases)('the page of gc-plan $argv.0', ({ argv, headings: expected, differs = false }) => {
  let file: string;
  beforeAll(async () => {
    file = await pageOf(...argv);
  }, 60_000);

  it.each(looks)('opens at $width px, dark: $dark, without a complaint or a request, and can be read', async (look) => {
    const shown = await open(browser, file, look);
    expect(await faultsOf(shown, `${argv[0]}-${look.width}${look.dark ? '-dark' : ''}`)).toEqual(noFaults);
  });

  it('copies what is to be typed', async () => {
    const { page } = await open(browser, file, { width: 1280 });
    const copied = await page.evaluate(copiedText);
    await page.close();
    expect(copied).toMatch(/^gc-plan /);
  });

  it('says question, answer, assumptions, accuracy and the command, in headings that a screen reader can walk', async () => {
    const { page } = await open(browser, file, { width: 1280 });
    const title = await page.title();
    const headings = await page.$$eval('h1, h2', (found) => found.map(({ textContent }) => textContent));
    const command = await page.$eval('#reproduce pre', ({ textContent }) => textContent);
    const unnamed = await page.$$eval(
      'svg:not([aria-labelledby]), table:not(:has(caption)), figure:has(canvas):not([aria-label])',
      (found) => found.length,
    );
    await page.close();
    expect(headings[0]).toMatch(/\?$/);
    for (const heading of expected) expect(headings).toContain(heading);
    // The model is named, also where none was typed.
    const [reproduced = '', about] = command?.split('\n')[0]?.split('  # ') ?? [];
    expect(reproduced.replace(' graphcast-small', '')).toBe(
      // Nobody else has the folder.
      `gc-plan ${asPage(argv).join(' ')}`.replace(`${tmpdir()}/`, '').replace(' graphcast-small', ''),
    );
    if (about !== undefined) expect(title).toContain(about);
    expect(unnamed).toBe(0);
  });

  it('prints black on white', async () => {
    const { page } = await open(browser, file, { width: 1280, dark: true });
    await page.emulateMediaType('print');
    await screenshot(page, `${argv[0]}-print`);
    const colours = await page.evaluate(
      '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]',
    );
    await page.close();
    expect(colours).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
  });

  if (!differs)
    it('is the same page every time', async () => {
      const first = readFileSync(file, 'utf8');
      expect(readFileSync(await pageOf(...argv), 'utf8')).toBe(first);
    });
});

const trace = 'tests/data/traces/plain.trace.gz';
const layout = { columns: 100, colour: false, date: '2026-11-30' };

/** The other pages that commands write, and others of the same ones: by what is typed, or as a report. */
const furtherPages: Readonly<Record<string, () => Promise<string>>> = {
  profiles: () => typed('profiles'),
  'sweep-cards': () => typed('sweep tiny --gpu t4,l4 --layers 2,4 --hidden-dim 16,32 --from 16/2 --to 32/4'),
  'estimate-no-card': () => typed('estimate tiny'),
  'estimate-several-cards': () => typed('estimate graphcast-small --gpu h100-80gb --gpus 4 --parallel data'),
  'estimate-trace': () => typed(`estimate --trace ${trace} --gpu t4`),
  'advise-trace': () => typed('advise --trace docs/example/make_step.trace.gz --vram 1GB'),
  'explain-trace': () => typed(`explain --trace ${trace}`),
  'verify-plan': () => typed('verify tiny --plan --from 8/1 --to 16/2 --steps 2 --backend js'),
  measured: () => {
    const file = join(folder, 'measured.json');
    writeFileSync(file, JSON.stringify({ source: 'jax', peak_bytes_in_use: 13_900_000_000 }));
    return typed(`verify graphcast-small --runtime jax --measured ${file}`);
  },
  grow: async () => (await rendererFor('gc-plan/grow@1', 'html'))(grown, layout),
  capture: async () => (await rendererFor('gc-plan/capture@1', 'html'))(captured, layout),
  ladder: async () => (await rendererFor('gc-plan/ladder@1', 'html'))(ladder, layout),
};

async function typed(commandLine: string): Promise<string> {
  const { stdout, stderr } = await invoke(asPage(commandLine.split(' ')));
  if (stdout === '') throw new Error(stderr);
  return stdout;
}

describe.each(Object.keys(furtherPages))('the page %s', (name) => {
  it('can be read at both widths, light and dark, asks for nothing and names no folder of its author', async () => {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, await furtherPages[name]!());
    const opened = await open(browser, file, looks[0]!);
    const { page } = opened;
    for (const look of looks) {
      await lookAt(page, look);
      const faults = await faultsSeen(opened, `${name}-${look.width}${look.dark ? '-dark' : ''}`);
      expect({ look, ...faults }).toEqual({ look, ...noFaults });
    }
    const [title, text] = [await page.title(), await page.$eval('body', ({ textContent }) => textContent ?? '')];
    await page.close();
    expect(title).toMatch(/\?/);
    expect(text).not.toMatch(/\/(home|tmp|root)\//);
  });
});

describe('the page of gc-plan explain', () => {
  const argv = ['explain', 'tiny', '--runtime', 'pytorch'];
  let file: string;
  let explanation: Explanation;
  beforeAll(async () => {
    file = await pageOf(...argv);
    explanation = JSON.parse((await invoke([...argv, '--json'])).stdout);
  });

  it('shows the bytes of the operation under the mouse', async () => {
    const { page } = await open(browser, file, { width: 1280 });
    const figure = (await page.$('#timeline-figure canvas'))!;
    const box = (await figure.boundingBox())!;
    const tip = '#timeline-figure > div:last-child > div > div';
    for (const fraction of [0.2, 0.5, 0.8]) {
      await page.mouse.move(box.x + 56 + fraction * (box.width - 80), box.y + box.height / 2);
      await page.waitForSelector(tip);
      const text = await page.$$eval(tip, (lines) => lines.map(({ textContent }) => textContent ?? ''));
      const lines = Object.fromEntries(text.map((line) => line.split(/: (.*)/s).slice(0, 2)));
      const index = Math.round(fraction * (explanation.operations.length - 1));
      expect(Math.abs(Number(lines.number) - index)).toBeLessThanOrEqual(1);
      const operation = explanation.operations[Number(lines.number)]!;
      expect(lines.operation).toContain(operation.operation);
      expect(lines.operation).toContain(operation.module);
      expect(lines.live).toBe(formatBytes(operation.liveBytes));
      expect(lines.activation).toBe(formatBytes(operation.byCategory[explanation.categories.indexOf('activation')]!));
    }
    await page.close();
  });

  it('zooms with the wheel', async () => {
    const { page } = await open(browser, file, { width: 1280 });
    const zoom = () =>
      page.evaluate(
        "(() => { const { start, end } = echarts.getInstanceByDom(document.getElementById('timeline-figure')).getOption().dataZoom[0]; return end - start; })()",
      );
    expect(await zoom()).toBe(100);
    const box = (await (await page.$('#timeline-figure canvas'))!.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel({ deltaY: -200 });
    expect(await zoom()).toBeLessThan(100);
    await page.close();
  });

  it('links every group of arrays to the operation that made its first and the one after which that is gone', async () => {
    const { page } = await open(browser, file, { width: 1280 });
    const links = await page.$$eval('section:nth-of-type(2) a', (found) =>
      found.map((link) => [link.getAttribute('href') ?? '', link.textContent ?? ''] as const),
    );
    const expected = explanation.groups.flatMap(({ madeBy, madeAt, freedBy, freedAt }) => [
      ...(madeAt === null ? [] : [[`#operation-${madeAt}`, madeBy] as const]),
      ...(freedAt === null ? [] : [[`#operation-${freedAt}`, freedBy ?? ''] as const]),
    ]);
    const sorted = (pairs: readonly (readonly [string, string])[]) =>
      pairs.toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    expect(sorted(links).map(([href]) => href)).toEqual(sorted(expected).map(([href]) => href));
    for (const [index, [, operation]] of sorted(expected).entries())
      expect(sorted(links)[index]![1]).toContain(operation);
    const { madeAt } = explanation.groups.find((group) => group.count === 1 && group.madeAt !== null)!;
    const href = `#operation-${madeAt}`;
    await page.click(`section:nth-of-type(2) a[href="${href}"]`);
    const opened = await page.evaluate("document.querySelector(':target').closest('details').open");
    const named = await page.evaluate("document.querySelector(':target').cells[1].textContent");
    await page.close();
    expect([opened, named]).toEqual([true, links.find(([to]) => to === href)![1]]);
  });

  it('holds the same numbers without scripts', async () => {
    const page = await browser.newPage();
    await page.setJavaScriptEnabled(false);
    await page.goto(`file://${file}`);
    const text = readFileSync(file, 'utf8');
    await screenshot(page, 'explain-no-script');
    await page.close();
    expect(text).toContain('<svg ');
    expect(text).toContain(formatBytes(explanation.peak.liveBytes));
  });
});
