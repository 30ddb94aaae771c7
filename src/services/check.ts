/** `gc-plan check`: every configuration of a committed plan against its card, its budget and the committed baseline. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type Baseline, baselineFileOf, formatBaseline, parseBaseline } from '../check/baseline.js';
import { baselineEntryOf, type EntryMemory, findingsOf, growthSince } from '../check/compare.js';
import { locatedError, type PlanEntry, parsePercent, parsePlan } from '../check/plan-file.js';
import { standInDevice } from '../config/device.js';
import { shown } from '../config/nearest.js';
import { readText } from '../config/strict-json.js';
import { InputError } from '../errors.js';
import { yieldToEvents } from '../event-loop.js';
import { counts } from '../models/counts.js';
import { resolveConfig } from '../options/resolve.js';
import { type PricedProgram, price, priceProgram } from '../price.js';
import type { Check } from '../reports/check/schema.js';
import type { AnyEstimate } from '../reports/estimate/schema.js';
import { estimateCommand } from '../search/command-line.js';
import { unsizedStepKey } from '../search/unsized-step.js';
import { tool } from '../version.js';
import { mergedAssumptions } from './assumptions.js';
import { reportedConfig } from './priced.js';
import { recordedCommand, recordedStep } from './recorded.js';
import { writeAtomically } from './write.js';

export interface CheckInput {
  /** Default: gc-plan.json, gc-plan.yaml or gc-plan.yml in the current folder. */
  readonly planFile?: string | undefined;
  /** As typed, e.g. `2%`; wins over the plan's. */
  readonly maxGrowth?: string | undefined;
  readonly updateBaseline?: boolean;
}

const defaultMaxGrowthPercent = 2;
const defaultPlanFiles = ['gc-plan.json', 'gc-plan.yaml', 'gc-plan.yml'];

function findPlan(): string {
  const found = defaultPlanFiles.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new InputError('missing-plan', `There is no ${defaultPlanFiles.join(', ')} in this folder.`, [
    'gc-plan init writes one',
    'gc-plan check PLANFILE names another',
  ]);
}

export async function check({ planFile = findPlan(), maxGrowth, updateBaseline = false }: CheckInput): Promise<Check> {
  const typedGrowth = maxGrowth === undefined ? undefined : parsePercent(maxGrowth, '--max-growth');
  const plan = parsePlan(planFile, readText(planFile));
  const maxGrowthPercent = typedGrowth ?? plan.maxGrowthPercent ?? defaultMaxGrowthPercent;
  const baselineFile = plan.baseline === undefined ? baselineFileOf(planFile) : besides(planFile, plan.baseline);
  const baseline =
    !updateBaseline && existsSync(baselineFile) ? parseBaseline(baselineFile, readText(baselineFile)) : null;
  const priceModel = entryPricer();
  const priceEntry = (entry: PlanEntry) =>
    entry.trace === undefined ? priceModel(entry) : priceTrace(besides(planFile, entry.trace), entry);
  const assumptions = new Set<string>();
  const entries: Check['entries'][number][] = [];
  for (const entry of plan.entries) {
    await yieldToEvents();
    const estimate = await priceEntry(entry).catch((error: unknown) => {
      throw locatedError(error, `${shown(planFile)}:${entry.line}: ${shown(entry.name)}`);
    });
    for (const assumption of estimate.assumptions) assumptions.add(assumption);
    entries.push(compared(entry, estimate, baseline, maxGrowthPercent));
  }
  if (updateBaseline) {
    const accepted = new Map(entries.map((entry) => [entry.name, baselineEntryOf(entry.memory)]));
    writeAtomically(baselineFile, formatBaseline(accepted), '--update-baseline');
  }
  const numFailed = entries.filter(({ findings }) => findings.length > 0).length;
  const known = new Set(plan.entries.map(({ name }) => name));
  return {
    schema: 'gc-plan/check@1',
    tool: tool(),
    planFile,
    baseline: {
      file: baselineFile,
      kind: updateBaseline ? 'written' : baseline === null ? 'missing' : 'compared',
      removed: [...(baseline?.keys() ?? [])].filter((name) => !known.has(name)),
    },
    maxGrowthPercent,
    passed: numFailed === 0,
    numFailed,
    entries,
    assumptions: mergedAssumptions(assumptions),
  };
}

/** A plan names its baseline from where it lies itself. */
const besides = (planFile: string, baseline: string): string =>
  isAbsolute(baseline) ? baseline : join(dirname(planFile), baseline);

type EntryEstimate = Pick<AnyEstimate, 'config' | 'verdict' | 'assumptions'> & {
  readonly command: string;
  readonly memory: EntryMemory;
};

/** Entries of one structure (a plan compares cards and widths) share program and trace. */
function entryPricer() {
  const unsizedSteps = new Map<string, Pick<PricedProgram, 'program' | 'trace'>>();
  const standIn = standInDevice();
  return async ({ model, flags }: PlanEntry): Promise<EntryEstimate> => {
    const config = await resolveConfig({ model, flags });
    const numbers = counts(config.model);
    const key = unsizedStepKey(config);
    const step = unsizedSteps.get(key);
    const priced = price(config, numbers, standIn, priceProgram(config, numbers, step));
    unsizedSteps.set(key, priced);
    const { liveness, process, verdict, assumptions } = priced;
    return {
      config: reportedConfig(config),
      command: estimateCommand(model, flags),
      verdict,
      memory: {
        peakLiveBytes: liveness.peak.liveBytes,
        deviceBytes: process.deviceBytes,
        range: process.range,
        byModule: [...liveness.byModule].map(([module, bytes]) => ({ module, bytes })),
      },
      assumptions,
    };
  };
}

async function priceTrace(traceFile: string, { model, flags }: PlanEntry): Promise<EntryEstimate> {
  const input = { traceFile, model, flags };
  const { estimate } = await recordedStep(input);
  const { config, verdict, memory, assumptions } = estimate;
  return { config, command: recordedCommand('estimate', input), verdict, memory: entryMemory(memory), assumptions };
}

const entryMemory = ({ peakLiveBytes, deviceBytes, range, byModule }: EntryMemory): EntryMemory => ({
  peakLiveBytes,
  deviceBytes,
  range,
  byModule,
});

function compared(
  { name, line, budgetBytes }: PlanEntry,
  { config, command, verdict, memory }: EntryEstimate,
  baseline: Baseline | null,
  maxGrowthPercent: number,
): Check['entries'][number] {
  const before = baseline?.get(name);
  const growth = before && growthSince(before, baselineEntryOf(memory));
  return {
    name,
    line,
    command,
    config,
    verdict,
    memory,
    ...(budgetBytes !== undefined && { budgetBytes }),
    ...(growth && { growth }),
    findings: findingsOf({ config, verdict, memory }, budgetBytes, growth, maxGrowthPercent),
  };
}
