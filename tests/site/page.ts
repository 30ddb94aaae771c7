/** What tests of the page ask it, and what the command line says to the same. */
import type { Page } from 'puppeteer-core';
import { InputError } from '../../src/errors.js';
import { type ResolveInput, resolveConfig } from '../../src/options/resolve.js';
import { estimateAnswer } from '../../src/reports/estimate/answer.js';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import { estimateOf } from '../../src/services/priced.js';
import { invoke } from '../cli/invoke.js';

/** The answer and its address, or also what takes longer: changes, map, plan. */
export type Until = 'settled' | 'searched';

export const hashOf = ({ model, flags }: ResolveInput): string => {
  const given = Object.entries({ model, ...flags }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return `#${new URLSearchParams(Object.fromEntries(given))}`;
};

/** Until the page has drawn what its address says. */
export async function go(page: Page, hash: string, until: Until = 'settled'): Promise<void> {
  await page.evaluate(
    `(() => { delete document.body.dataset.settled; delete document.body.dataset.searched; location.hash = ${JSON.stringify(hash)}; })()`,
  );
  await page.waitForFunction(`document.body.dataset.${until} !== undefined`);
}

/** What the command line prints for a command that the page shows. */
export async function printedBy(command: string, ...more: readonly string[]) {
  const { stdout } = await invoke([...command.split(' ').slice(1), ...more, '--json']);
  return JSON.parse(stdout);
}

export const answerText = (estimate: Estimate): string => {
  const { head, rest } = estimateAnswer(estimate);
  return estimate.verdict.kind === 'unknown' ? head : head + rest;
};

export const attributesOf = (page: Page, selector: string, name: string) =>
  page.$$eval(selector, (found, of) => found.map((each) => each.getAttribute(of)), name);

export const textOf = (page: Page, selector: string) => page.$eval(selector, ({ textContent }) => textContent ?? '');

export interface Asked {
  readonly estimate?: Estimate;
  readonly message?: string;
}

/** What the page's worker says, as JSON. */
export const ask = async (page: Page, questions: readonly ResolveInput[]): Promise<readonly Asked[]> =>
  JSON.parse(
    (await page.evaluate(
      `(async () => {
        const answers = [];
        for (const question of ${JSON.stringify(questions)})
          answers.push(await gcPlan.ask(question).then(({ estimate }) => ({ estimate }), ({ message }) => ({ message })));
        return JSON.stringify(answers);
      })()`,
    )) as string,
  );

export async function fromCommandLine(input: ResolveInput): Promise<Asked> {
  try {
    return JSON.parse(JSON.stringify({ estimate: estimateOf(await resolveConfig(input)) }));
  } catch (error) {
    if (error instanceof InputError) return { message: error.message };
    throw error;
  }
}
