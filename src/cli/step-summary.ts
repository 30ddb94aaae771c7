/**
 * In a GitHub workflow a report's workflow commands (`::error file=…`) go to the log and its Markdown to the page of the run.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands (2026-11)
 */
import { appendFileSync } from 'node:fs';
import { shown } from '../config/nearest.js';
import { warn } from '../warnings.js';
import type { Io } from './io.js';

/** Gives what is left for stdout. */
export function toStepSummary(text: string, { env }: Io): string {
  const file = env.GITHUB_STEP_SUMMARY;
  if (!file) return text;
  const lines = text.split('\n');
  const isCommand = (line: string) => line.startsWith('::');
  try {
    appendFileSync(file, `${lines.filter((line) => !isCommand(line)).join('\n')}\n`);
  } catch (error) {
    warn(`GITHUB_STEP_SUMMARY ${shown(file)}: ${(error as Error).message}: the page of this run is on stdout.`);
    return text;
  }
  return lines
    .filter(isCommand)
    .map((line) => `${line}\n`)
    .join('');
}
