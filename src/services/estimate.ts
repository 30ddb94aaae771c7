/** `gc-plan estimate`: one configuration's memory as a report. */
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import type { Estimate } from '../reports/estimate/schema.js';
import { estimateOf } from './priced.js';

export async function estimate(input: ResolveInput): Promise<Estimate> {
  const config = await resolveConfig(input);
  const report = estimateOf(config);
  if (report.verdict.kind !== 'tight' && report.verdict.kind !== 'exceeds') return report;
  const { cheapestChanges } = await import('./smallest-change.js');
  return { ...report, verdict: { ...report.verdict, ...(await cheapestChanges(input, config)) } };
}
