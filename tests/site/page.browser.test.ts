import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runtimeNames } from '../../src/config/choices.js';
import { allOptions } from '../../src/options/definitions/shared.js';
import { type ResolveInput, resolveConfig } from '../../src/options/resolve.js';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import type { Sweep } from '../../src/reports/sweep/schema.js';
import { estimate } from '../../src/services/estimate.js';
import { open as openPage } from '../../src/services/open.js';
import { reportedConfig } from '../../src/services/priced.js';
import { GiB } from '../../src/units.js';
import { inputs } from '../laws/configurations.js';
import { faultsOf, type Look, looks, noFaults, open, openBrowser } from '../reports/html/browser.js';
import {
  type Asked,
  answerText,
  ask,
  attributesOf,
  fromCommandLine,
  go,
  hashOf,
  printedBy,
  textOf,
  type Until,
} from './page.js';

/** The issue's: the whole page, compressed. */
const mostBytes = 600_000;
const numCompared = 500;

let browser: Browser;
let folder: string;
let file: string;
const dataHome = process.env.XDG_DATA_HOME;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-site-'));
  // The page reads no ledger: the command line it is compared with has none either.
  process.env.XDG_DATA_HOME = join(folder, 'no-ledger');
  const { status, stderr } = spawnSync(process.execPath, ['scripts/site.mjs', join(folder, 'site')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  file = join(folder, 'site', 'index.html');
  browser = await openBrowser();
});
afterEach(async () => {
  for (const page of (await browser.pages()).slice(1)) await page.close();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
  if (dataHome === undefined) delete process.env.XDG_DATA_HOME;
  else process.env.XDG_DATA_HOME = dataHome;
});

async function opened(hash = '#model=tiny', look: Look = { width: 1280 }, until: Until = 'settled') {
  const { page, complaints, requests } = await open(browser, file, { ...look, hash });
  await page.waitForFunction(`document.body.dataset.${until} !== undefined`);
  return { page, complaints, requests };
}

describe('the page', () => {
  it('is one file of at most 600 KB compressed', () => {
    const bytes = gzipSync(readFileSync(file), { level: 9 }).length;
    console.log(`the page: ${bytes} bytes compressed`);
    expect(bytes).toBeLessThanOrEqual(mostBytes);
  });

  it.each(looks)(
    'opens from a file at $width px, dark: $dark, without a complaint or a request, and can be read',
    async (look) => {
      const shown = await opened('#model=graphcast-small&gpu=rtx-4090&batch=2', look, 'searched');
      await shown.page.$$eval('details', (found) => {
        for (const each of found) each.setAttribute('open', '');
      });
      expect(await faultsOf(shown, `site-${look.width}${look.dark ? '-dark' : ''}`)).toEqual(noFaults);
    },
  );

  it('has a control for every option of the command line’s table', async () => {
    const { page } = await opened();
    const controls = await attributesOf(page, '[data-option]', 'data-option');
    const unnamed = await page.$$eval(
      'input:not([aria-label]), select',
      (found) => found.filter((each) => (each as unknown as { labels: { length: number } }).labels.length === 0).length,
    );
    const options = allOptions().flatMap(({ name, group }) => (group === 'report' || name === 'import' ? [] : [name]));
    expect(controls.sort()).toEqual(options.sort());
    expect(unnamed).toBe(0);
  });
});

describe('its numbers', () => {
  it(`are the command line's in ${numCompared} random configurations`, async () => {
    const { page } = await opened();
    const drawn = fc.sample(fc.oneof(...runtimeNames.map(inputs)), 3 * numCompared);
    let numPriced = 0;
    let numRefused = 0;
    for (let from = 0; numPriced < numCompared; from += 50) {
      const some = drawn.slice(from, from + 50);
      // The page answers in its own process meanwhile.
      const answers = ask(page, some);
      const expected: Asked[] = [];
      for (const input of some) expected.push(await fromCommandLine(input));
      for (const [index, asked] of (await answers).entries())
        expect({ input: some[index], ...asked }).toEqual({ input: some[index], ...expected[index] });
      numPriced += expected.filter(({ estimate }) => estimate !== undefined).length;
      numRefused += expected.filter(({ message }) => message !== undefined).length;
    }
    console.log(`compared: ${numPriced} configurations, and ${numRefused} that are refused in the same words`);
    expect(numPriced).toBeGreaterThanOrEqual(numCompared);
  });

  it('are those of every shipped model, on a card', async () => {
    const { page } = await opened();
    const names = (await attributesOf(page, '#model option', 'value')) as readonly string[];
    const heavy = /^(gencast|weathernext2|graphcast|aifs)/;
    const light = names.filter((name) => !heavy.test(name) || name.endsWith('mini'));
    const questions = light.map((model) => ({ model, flags: { gpu: 'a100-80gb' } }));
    const answers = await ask(page, questions);
    for (const [index, input] of questions.entries()) expect(answers[index]).toEqual(await fromCommandLine(input));
    expect(light.length).toBeGreaterThan(5);
  });

  it('are on the screen: verdict, what to change, and a command line that prints the same', async () => {
    const { page } = await opened('#model=tiny');
    const shown: readonly ResolveInput[] = [
      { model: 'graphcast-small', flags: { gpu: 'rtx-4090' } },
      { model: 'graphcast-small', flags: { gpu: 't4', batch: '2' } },
      { model: 'tiny', flags: { vram: '1GB', runtime: 'pytorch', 'hidden-dim': '256', 'recompute-activation': true } },
      { model: 'physicsnemo-graphcast', flags: { gpu: 'a100-80gb', resolution: '2', 'mesh-level': '4' } },
      { model: 'tiny', flags: { layers: '5', 'set-to-none': false, runtime: 'pytorch' } },
    ];
    for (const input of shown) {
      await go(page, hashOf(input), 'searched');
      const command = await textOf(page, '#command');
      const printed: Estimate = await printedBy(command);
      expect(printed.config).toEqual(JSON.parse(JSON.stringify(reportedConfig(await resolveConfig(input)))));
      const { verdict } = printed;
      expect(await textOf(page, '#verdict')).toBe(answerText(printed));
      const first = 'smallestChange' in verdict ? verdict.smallestChange?.change : undefined;
      if (first !== undefined) expect(await textOf(page, '#changes h3')).toBe(first);
    }
  });
});

describe('its plan', () => {
  it('has the stages of the sweep that it names, and each can be shown', async () => {
    const { page } = await opened('#model=tiny&vram=4GB&hidden-dim=384&layers=10', { width: 1280 }, 'searched');
    const command = await textOf(page, '#plan code');
    expect(command).toBe('gc-plan sweep tiny --vram 4GB --from 256/8 --to 384/10');
    const { plan }: Sweep = await printedBy(command, '--workers', '1');
    const shown = await attributesOf(page, '#plan [data-command]', 'data-command');
    expect(shown).toEqual(plan.stages.map((stage) => stage.command));
    expect(shown.length).toBeGreaterThan(0);
    await page.click('#plan [data-command]');
    await page.waitForFunction(`document.getElementById('command').textContent === ${JSON.stringify(shown[0])}`);
  });
});

describe('its controls', () => {
  it('move the picture, the address and the command line; how long it takes is printed', async () => {
    const { page } = await opened('#model=graphcast-small&gpu=rtx-4090');
    await page.focus('[data-option="hidden-dim"] .slider');
    const before = await textOf(page, '#verdict');
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press(press < 6 ? 'ArrowLeft' : 'ArrowRight');
      await new Promise((done) => setTimeout(done, 120));
    }
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction("location.hash.includes('hidden-dim=384')");
    const after = await textOf(page, '#verdict');
    const command = await textOf(page, '#command');
    const spoken = await textOf(page, '#status');
    const milliseconds = (await page.evaluate(
      "performance.getEntriesByName('slider to picture').map(({ duration }) => duration).slice(1)",
    )) as readonly number[];
    const sorted = milliseconds.toSorted((a, b) => a - b);
    console.log(
      `slider to picture at 1°: median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)} ms, fastest ${sorted[0]!.toFixed(0)}, slowest ${sorted.at(-1)!.toFixed(0)}, of ${sorted.length}`,
    );
    expect(after).not.toBe(before);
    expect(spoken).toBe(after);
    expect(command).toBe('gc-plan estimate graphcast-small --hidden-dim 384 --gpu rtx-4090');
  });

  it('stay where the hand is while the answer to an earlier place arrives', async () => {
    const { page } = await opened('#model=tiny&vram=2GB');
    const shown = (await page.evaluate(`(async () => {
      const slider = document.querySelector('[data-option="layers"] .slider');
      slider.focus();
      const seen = [];
      new MutationObserver(() => seen.push(slider.value)).observe(slider, { attributeFilter: ['aria-valuetext'] });
      for (let step = 0; step < 3; step++) {
        slider.stepUp();
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
      const last = slider.value;
      while (location.hash.indexOf('layers=') < 0) await new Promise((done) => setTimeout(done, 10));
      return [last, ...seen];
    })()`)) as readonly string[];
    expect(shown.length).toBeGreaterThan(1);
    expect(new Set(shown).size).toBe(1);
  });

  it('take back what was typed, and say what is wrong in the command line’s words', async () => {
    const { page } = await opened('#model=tiny&vram=2GB');
    await page.type('#option-layers', '0');
    await page.waitForFunction("!document.getElementById('refusal').hidden");
    expect(await textOf(page, '#refusal')).toContain('--layers 0');
    await page.click('[data-option="layers"] .reset');
    await page.waitForFunction("document.getElementById('refusal').hidden");
    await page.waitForFunction("location.hash === '#model=tiny&vram=2GB'");
    const { page: again } = await open(browser, file, { width: 1280, hash: '#model=tiny&layers=0' });
    await again.waitForFunction("document.getElementById('option-layers')?.value === '0'");
    await again.click('#refusal button');
    await again.waitForFunction("location.hash === '#model=tiny'");
  });

  it('walk through the map by arrow keys, and a cell becomes the configuration', async () => {
    const { page } = await opened('#model=tiny&vram=2GB', { width: 1280 }, 'searched');
    await page.focus('#map [aria-pressed="true"]');
    await page.keyboard.press('ArrowRight');
    const label = await page.evaluate("document.activeElement.getAttribute('aria-label')");
    await page.keyboard.press('Enter');
    await page.waitForFunction("location.hash.includes('layers=')");
    const [, width, layers] = /width (\d+), (\d+) layers/.exec(String(label)) ?? [];
    expect(page.url()).toContain(`hidden-dim=${width}&layers=${layers}`);
    const { memory } = await estimate({ model: 'tiny', flags: { vram: '2GB', 'hidden-dim': width, layers } });
    expect(label).toBe(`width ${width}, ${layers} layers: ${(memory.range.highBytes / GiB).toFixed(1)} GiB fits`);
  });

  it('take a change that would make it fit', async () => {
    const { page } = await opened('#model=graphcast-small&gpu=t4&batch=2', { width: 1280 }, 'searched');
    await page.click('#changes .apply');
    await page.waitForFunction("document.getElementById('verdict').className.includes('yes')");
  });
});

describe('a dropped file', () => {
  it('is a captured trace, with the command line’s numbers', async () => {
    const { page } = await opened('#model=tiny&gpu=t4');
    const input = (await page.$('#file'))!;
    await (input as unknown as { uploadFile: (path: string) => Promise<void> }).uploadFile(
      'tests/data/traces/plain.trace.gz',
    );
    await page.waitForFunction("location.hash.includes('trace=plain.trace.gz')");
    const printed = await printedBy('gc-plan estimate --trace tests/data/traces/plain.trace.gz --gpu t4');
    expect(await textOf(page, '#verdict')).toBe(answerText(printed));
    expect(await textOf(page, '#command')).toBe('gc-plan estimate --trace plain.trace.gz --gpu t4');
  });
});

describe('gc-plan open', () => {
  it.each([
    { model: 'tiny', flags: { vram: '2GB', runtime: 'pytorch', 'set-to-none': false } },
    { traceFile: 'tests/data/traces/plain.trace.gz', flags: { gpu: 't4' } },
    { flags: { import: 'tests/models/importing/configurations/physicsnemo/example.yaml', gpu: 'a100-80gb' } },
  ])('serves the page with $flags filled in, a file of the user’s with it', async (input) => {
    const { report, close } = await openPage(input);
    const page = await browser.newPage();
    try {
      await page.goto(report.url);
      await page.waitForFunction('document.body.dataset.searched !== undefined');
      expect(await textOf(page, '#command')).toBe(report.command);
      expect(await textOf(page, '#verdict')).toBe(answerText(await printedBy(report.command)));
    } finally {
      await close();
    }
  });
});
