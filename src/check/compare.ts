/** What is wrong with one configuration of a plan: it does not fit, is over its budget, or grew. */
import type { Check } from '../reports/check/schema.js';
import type { AnyEstimate } from '../reports/estimate/schema.js';
import { isYes } from '../reports/estimate/verdict.js';
import type { BaselineEntry } from './baseline.js';

export type Growth = NonNullable<Check['entries'][number]['growth']>;
export type Finding = Check['entries'][number]['findings'][number];

export type EntryMemory = Check['entries'][number]['memory'];

export const baselineEntryOf = ({ peakLiveBytes, byModule }: EntryMemory): BaselineEntry => ({
  peakLiveBytes,
  byModule: Object.fromEntries(byModule.map(({ module, bytes }) => [module, bytes])),
});

/** Modules in the order of how much each grew; one that is gone counts as zero bytes. */
export function growthSince(before: BaselineEntry, now: BaselineEntry): Growth {
  const names = [...new Set([...Object.keys(before.byModule), ...Object.keys(now.byModule)])];
  const modules = names
    .map((module) => ({ module, baselineBytes: before.byModule[module] ?? 0, bytes: now.byModule[module] ?? 0 }))
    .sort((a, b) => b.bytes - b.baselineBytes - (a.bytes - a.baselineBytes));
  const grownBytes = now.peakLiveBytes - before.peakLiveBytes;
  const percent = before.peakLiveBytes === 0 ? (grownBytes > 0 ? 100 : 0) : (100 * grownBytes) / before.peakLiveBytes;
  return { baselineBytes: before.peakLiveBytes, percent, modules };
}

export function findingsOf(
  estimate: Pick<AnyEstimate, 'verdict' | 'config'> & { readonly memory: EntryMemory },
  budgetBytes: number | undefined,
  growth: Growth | undefined,
  maxGrowthPercent: number,
): readonly Finding[] {
  const findings: Finding[] = [];
  const { verdict, memory } = estimate;
  if (!isYes(estimate) && 'shortfallBytes' in verdict)
    findings.push({ kind: verdict.kind, shortfallBytes: verdict.shortfallBytes });
  const overBytes = memory.range.highBytes - (budgetBytes ?? Number.POSITIVE_INFINITY);
  if (overBytes > 0) findings.push({ kind: 'overBudget', overBytes });
  if (growth !== undefined && growth.percent > maxGrowthPercent) {
    const [most] = growth.modules;
    findings.push({
      kind: 'grew',
      percent: growth.percent,
      grownBytes: memory.peakLiveBytes - growth.baselineBytes,
      module: most?.module ?? 'other',
      moduleGrownBytes: most === undefined ? 0 : most.bytes - most.baselineBytes,
    });
  }
  return findings;
}
