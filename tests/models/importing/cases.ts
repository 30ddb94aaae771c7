/** Configuration files of tests: those of `cases/`, and texts that are written for one test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { resolveConfig } from '../../../src/options/resolve.js';

/** What a data set decides, and no configuration says. */
export const channels = { 'input-channels': '180', 'output-channels': '85' };
export const sizes = { grid: '181x360', 'mesh-level': '5', ...channels };

/** One of `cases/`. */
export const file = (name: string) => fileURLToPath(new URL(`cases/${name}`, import.meta.url));
export const imported = (name: string, flags: Record<string, string> = {}, model?: string) =>
  resolveConfig({ model, flags: { import: file(name), ...flags } });

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));
export function written(files: Readonly<Record<string, string>>, entry: string): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(folder, entry);
}

/** The configuration that a file with that text says. */
export const said = (text: string, flags: Record<string, string> = sizes, name = 'config.yaml') =>
  resolveConfig({ flags: { import: written({ [name]: text }, name), ...flags } });

/** What is asked for, as one text. */
export async function asked(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [error.code, error.message, ...error.nextSteps].join('\n');
  }
  throw new Error('an answer was given');
}
