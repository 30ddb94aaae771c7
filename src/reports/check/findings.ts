/** Why a configuration of a plan fails, as a sentence for every format. */

import { formatBytes, formatBytesPair, leftOver, unitOfAll, verdictWords } from '../units.js';
import type { Check } from './schema.js';

export type CheckEntry = Check['entries'][number];

export function signedPercent(percent: number): string {
  const digits = Math.abs(percent).toFixed(1);
  const sign = Number(digits) === 0 ? '' : percent < 0 ? '−' : '+';
  return `${sign}${digits} %`;
}

export const findingSentences = (entry: CheckEntry): readonly string[] =>
  entry.findings.map((finding) => findingSentence(finding, entry));

function findingSentence(
  finding: CheckEntry['findings'][number],
  { verdict, memory, budgetBytes, growth }: CheckEntry,
): string {
  switch (finding.kind) {
    case 'exceeds':
    case 'tight': {
      const usableBytes = 'usableBytes' in verdict ? verdict.usableBytes : 0;
      const unit = unitOfAll([memory.range.highBytes, usableBytes]);
      return `${verdictWords[finding.kind]}: at most ${formatBytesPair(memory.range.highBytes, usableBytes, 'of')} usable, ${leftOver(memory.range.highBytes, usableBytes, unit)} short`;
    }
    case 'overBudget':
      return `over budget: needs ${formatBytesPair(memory.range.highBytes, budgetBytes ?? 0, 'of')}, ${leftOver(memory.range.highBytes, budgetBytes ?? 0, unitOfAll([memory.range.highBytes, budgetBytes ?? 0]))} too much`;
    case 'grew':
      return `grew by ${finding.percent.toFixed(1)} % from ${formatBytesPair(growth?.baselineBytes ?? 0, memory.peakLiveBytes, 'to')} live: ${finding.module} by ${formatBytes(finding.moduleGrownBytes)}`;
  }
}

/** The one line on top of every format. */
export function checkAnswer({ planFile, entries, numFailed, passed }: Check): string {
  return passed
    ? `${planFile}: all ${entries.length} configurations pass`
    : `${planFile}: ${numFailed} of ${entries.length} configurations ${numFailed === 1 ? 'fails' : 'fail'}`;
}

export function checkNotes({ baseline, maxGrowthPercent }: Check): readonly string[] {
  const { file, kind, removed } = baseline;
  const first = {
    compared: `compared with ${file}, growth of more than ${maxGrowthPercent} % fails`,
    written: `${file} holds these numbers from now on`,
    missing: `${file} does not exist, growth was not looked at; gc-plan check --update-baseline writes it`,
  }[kind];
  return removed.length === 0 ? [first] : [first, `no longer in the plan: ${removed.join(', ')}`];
}
