/** Chromium without a window, for pages that must work when a colleague opens them from a mail. */
import { accessSync, mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
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
}

export async function open(browser: Browser, file: string, { width, dark = false }: Look): Promise<Opened> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) requests.push(request.url());
  });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  await page.goto(url, { waitUntil: 'load' });
  return { page, complaints, requests };
}

/** Looked at by people; a run leaves them in `.cache/screenshots`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync('.cache/screenshots', { recursive: true });
  await page.screenshot({ path: `.cache/screenshots/${name}.png`, fullPage: true });
}
