import { expect } from 'vitest';
import { InputError } from '../../src/errors.js';

export async function refusal(attempt: () => unknown): Promise<InputError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** What every refusal owes its reader. */
export function expectHelpful(error: InputError, code: string, names: readonly string[]): void {
  expect(error.code).toBe(code);
  expect(error.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  for (const name of names) expect(error.message).toContain(name);
  expect(error.nextSteps.length).toBeGreaterThan(0);
  const text = [error.message, ...error.nextSteps].join('\n');
  expect(text).not.toMatch(/undefined|\[object|Error:|\bat .*:\d+:\d+/);
  expect(error.message.length).toBeLessThan(400);
}
