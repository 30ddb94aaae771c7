/** Chromium without a window, for pages that must work when a colleague opens them from a mail. */
import { accessSync, mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, launch, type Page } from 'puppeteer-core';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

function findChromium(): string {
  const named = process.env.CHROMIUM_PATH;
  const found = [...(named ? [named] : []), ...places].find((path) => {
    try {
      accessSync(path);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined)
    throw new Error('these tests open pages in Chromium: apt-get install -y chromium, or name it in CHROMIUM_PATH');
  return found;
}

export const openBrowser = (): Promise<Browser> =>
  launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'], headless: true });

export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: readonly string[];
  /** What the page asked for, itself excepted. */
  readonly requests: readonly string[];
}

export interface Look {
  readonly width: number;
  readonly dark?: boolean;
  /** What follows the file in its address. */
  readonly hash?: string;
}

export async function open(browser: Browser, file: string, { width, dark = false, hash = '' }: Look): Promise<Opened> {
  const page = await browser.newPage();
  // Other work may share the machine.
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    // A blob is the page's own, its worker, and so is a picture that stands in it.
    if (request.url().split('#')[0] !== url && !/^(blob|data):/.test(request.url())) requests.push(request.url());
  });
  await lookAt(page, { width, dark });
  await page.goto(url + hash, { waitUntil: 'load' });
  return { page, complaints, requests };
}

/** Looked at by people; a run leaves them in `.cache/screenshots`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync('.cache/screenshots', { recursive: true });
  await page.screenshot({ path: `.cache/screenshots/${name}.png`, fullPage: true });
}

interface Measured {
  /** By which the page, not a table in it, is wider than the window. */
  readonly overflowPx: number;
  /** Text below 11 px as it is seen, an SVG's scale included. */
  readonly tooSmall: readonly string[];
  /** Text beyond its picture, beyond the page, or cut off by a box that does not scroll. */
  readonly clipped: readonly string[];
  /** Labels of one picture that lie on each other. */
  readonly colliding: readonly string[];
}

export const measured = (page: Page): Promise<Measured> => page.evaluate(measure) as Promise<Measured>;

/** In the page. */
const measure = `(() => {
  const shown = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 0;
  const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim();
  const texts = [...document.body.querySelectorAll('*')].filter((element) => own(element) !== '' && shown(element) && !element.closest('script, style, title'));
  const scaleOf = (element) => element.ownerSVGElement ? Math.hypot(element.getScreenCTM().a, element.getScreenCTM().b) : 1;
  const scrolls = (element) => element.closest('.scroll') !== null;
  const isOut = (element) => {
    const box = element.getBoundingClientRect();
    const around = element.ownerSVGElement?.getBoundingClientRect() ?? { left: 0, right: innerWidth, top: -1e9, bottom: 1e9 };
    const slack = 1;
    if (!scrolls(element) && (box.left < around.left - slack || box.right > around.right + slack || box.top < around.top - slack || box.bottom > around.bottom + slack)) return true;
    const hides = ['hidden', 'clip'].includes(getComputedStyle(element).overflowX);
    return hides && element.scrollWidth > element.clientWidth + slack;
  };
  const inner = (element) => { const box = element.getBoundingClientRect(); return { left: box.left + 1, right: box.right - 1, top: box.top + 2, bottom: box.bottom - 2 }; };
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const colliding = [...document.querySelectorAll('svg')].filter(shown).flatMap((svg) => {
    const labels = [...svg.querySelectorAll('text')].filter(shown).map((element) => ({ text: element.textContent, box: inner(element) }));
    // Symbols of the legend; what is drawn below them is data.
    const bottom = Math.min(...labels.map(({ box }) => box.top)) + 40;
    const symbols = [...svg.querySelectorAll('path')].map((element) => ({ text: 'a symbol', box: inner(element) })).filter(({ box }) => box.bottom < bottom && box.right - box.left < 40 && box.right > box.left);
    const all = [...labels, ...symbols];
    return labels.flatMap((label, index) => all.slice(index + 1).filter(({ box }) => meet(label.box, box)).map(({ text }) => label.text + ' / ' + text));
  });
  return {
    colliding,
    overflowPx: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    tooSmall: texts.filter((element) => parseFloat(getComputedStyle(element).fontSize) * scaleOf(element) < 11).map(own),
    clipped: texts.filter(isOut).map(own),
  };
})()`;

/** What axe-core finds, contrast of text below 4.5 among it, as rule and place. */
async function accessibility(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)',
  )) as readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
  }[];
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/** What every page is opened in. */
export const looks: readonly Look[] = [
  { width: 1280, dark: false },
  { width: 390, dark: false },
  { width: 1280, dark: true },
  { width: 390, dark: true },
];

/** The page as it is seen next, without being opened again. */
export async function lookAt(page: Page, { width, dark = false }: Look): Promise<void> {
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
}

/** What a page has that none may have, as it is seen now. */
export async function faultsSeen({ page, complaints, requests }: Opened, screenshotName: string) {
  await screenshot(page, screenshotName);
  return { complaints, requests, ...(await measured(page)), violations: await accessibility(page) };
}

/** The same of a page that is closed then. */
export async function faultsOf(opened: Opened, screenshotName: string) {
  const faults = await faultsSeen(opened, screenshotName);
  await opened.page.close();
  return faults;
}

export const noFaults: Awaited<ReturnType<typeof faultsSeen>> = {
  complaints: [],
  requests: [],
  overflowPx: 0,
  tooSmall: [],
  clipped: [],
  colliding: [],
  violations: [],
};

/** In the page: what the first button beside a command puts on the clipboard. */
export const copiedText = `new Promise((resolve) => {
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => resolve(text) } });
  document.querySelector('#reproduce .code button').click();
})`;
