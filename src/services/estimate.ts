/** `gc-plan estimate`: one configuration's memory as a report. */
import type { Config } from '../config/types.js';
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import type { Estimate } from '../reports/estimate/schema.js';
import type { UnsizedStep, UnsizedSteps } from '../search/unsized-step.js';
import { estimateOf, pricedStep } from './priced.js';

export async function estimate(input: ResolveInput): Promise<Estimate> {
  const config = await resolveConfig(input);
  const report = estimateOf(config, pricedStep(config, await knownStep(config)));
  if (report.verdict.kind !== 'tight' && report.verdict.kind !== 'exceeds') return report;
  const { cheapestChanges } = await import('./smallest-change.js');
  return { ...report, verdict: { ...report.verdict, ...(await cheapestChanges(input, config)) } };
}

/** Configurations that a caller tries one after the other have few structures between them. A command line asks once, and pays nothing. */
const numStepsKept = 16;
let isFirst = true;
let steps: UnsizedSteps | undefined;

async function knownStep(config: Config): Promise<UnsizedStep | undefined> {
  if (isFirst) {
    isFirst = false;
    return undefined;
  }
  const search = await import('../search/unsized-step.js');
  steps ??= new search.UnsizedSteps(numStepsKept);
  return steps.of(config);
}
