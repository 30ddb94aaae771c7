import { type ModelProfile, profileNames, readProfile } from '../config/profiles.js';
import { InputError } from '../errors.js';
import { phasesOf, type TimelineOperation, timelineOf } from '../explain/timeline.js';
import { bufferBytes, categories, type Trace } from '../memory/trace.js';
import type { Question } from '../options/address.js';
import type { OptionDefinition } from '../options/definitions/definition.js';
import { loadProfile, type ResolveInput, resolveWith } from '../options/resolve.js';
import type { AnyEstimate } from '../reports/estimate/schema.js';
import type { Picture } from '../reports/explain/stack.js';
import { estimateCommand } from '../search/command-line.js';
import { UnsizedSteps } from '../search/unsized-step.js';
import { type GrowthPlan, growthPlan } from '../services/growth-plan.js';
import { estimateOf, pricedStep } from '../services/priced.js';
import { recordedCommand, recordedStep } from '../services/recorded.js';
import { cheapestChanges } from '../services/smallest-change.js';
import { type Controls, controlsOf, pageOptions, recordedControls } from './controls.js';
import { type View, viewOf } from './view.js';

export interface Answer {
  readonly estimate: AnyEstimate;
  readonly picture: Picture;
  readonly view: View;
  readonly controls: Controls;
}

export interface Catalogue {
  readonly models: readonly { readonly name: string; readonly description: string }[];
  readonly cards: readonly { readonly name: string; readonly nominalBytes: number }[];
  readonly recipes: readonly string[];
  readonly options: readonly OptionDefinition[];
}

export function catalogue(): Catalogue {
  return {
    models: profileNames('models').map((name) => {
      const { description } = readProfile<ModelProfile>('models', name);
      return { name, description };
    }),
    cards: profileNames('gpus').map((name) => {
      const { nominalBytes } = readProfile<{ readonly nominalBytes: number }>('gpus', name);
      return { name, nominalBytes };
    }),
    recipes: profileNames('recipes'),
    options: pageOptions(),
  };
}

/** Structures met last: a slider that changes a size prices the trace that is there. */
const steps = new UnsizedSteps(16);

/** What a picture of the timeline has at most from left to right; each is the operation of its run that holds most. */
const mostColumns = 480;

/** @throws InputError as the command line does */
export async function answer(question: Question): Promise<Answer> {
  return question.trace === undefined ? answerOfModel(question) : answerOfTrace(question, question.trace);
}

async function answerOfModel({ model, flags }: Question): Promise<Answer> {
  const profile = await loadProfile({ model, flags });
  const config = resolveWith(profile, flags);
  const step = pricedStep(config, steps.of(config));
  const estimate = estimateOf(config, step);
  return {
    estimate,
    picture: pictureOf(step.trace, bufferBytes(step.trace, step.dimensions)),
    view: viewOf(estimate, estimateCommand(model, flags)),
    controls: controlsOf(profile, flags, config),
  };
}

async function answerOfTrace({ flags }: Question, traceFile: string): Promise<Answer> {
  const input = { traceFile, flags };
  const { estimate, grouped, bytesOfBuffer } = await recordedStep(input);
  return {
    estimate,
    picture: pictureOf(grouped, bytesOfBuffer),
    view: viewOf(estimate, recordedCommand('estimate', input)),
    controls: recordedControls(estimate),
  };
}

function pictureOf(trace: Trace, bytesOfBuffer: Float64Array): Picture {
  const { operations } = timelineOf(trace, bytesOfBuffer);
  const shown = thinned(operations);
  const at = shown.reduce((most, each, index) => (each.liveBytes > shown[most]!.liveBytes ? index : most), 0);
  const { phase, operation, module, liveBytes } = shown[at]!;
  return {
    by: 'category',
    categories: [...categories],
    modules: trace.modules,
    operations: shown,
    phases: phasesOf({ operations: shown }),
    peak: { phase, operation, module, at, liveBytes, numArrays: 0 },
  };
}

function thinned(operations: readonly TimelineOperation[]): readonly TimelineOperation[] {
  const numColumns = Math.min(mostColumns, operations.length);
  return Array.from({ length: numColumns }, (_, column) => {
    const first = Math.floor((column * operations.length) / numColumns);
    const end = Math.floor(((column + 1) * operations.length) / numColumns);
    const run = operations.slice(first, end);
    const most = run.reduce((best, each) => (each.liveBytes > best.liveBytes ? each : best));
    return { ...most, byModule: [] };
  });
}

/** The cheapest changes that make it fit; none where it does. Takes as long as the search of `advise` does. */
export async function changes({ model, flags }: Question) {
  const input: ResolveInput = { model, flags };
  return cheapestChanges(input, resolveWith(await loadProfile(input), flags));
}

/** Through which sizes to grow to the one that is on the page, from a small one that is no larger. */
export async function plan({ model, flags }: Question): Promise<GrowthPlan> {
  const { model: sized } = resolveWith(await loadProfile({ model, flags }), flags);
  const from = `${Math.min(smallest.hiddenDim, sized.hiddenDim)}/${Math.min(smallest.layers, sized.layers)}`;
  return growthPlan({ model, flags, from, to: `${sized.hiddenDim}/${sized.layers}` });
}

/** Where `sweep` starts, too. */
const smallest = { hiddenDim: 256, layers: 8 };

export interface Cell {
  readonly hiddenDim: number;
  readonly layers: number;
  /** The upper end of its range; absent where the model cannot be so. */
  readonly highBytes?: number;
  readonly kind: 'fits' | 'tight' | 'exceeds' | 'unknown' | 'impossible';
}

/** One width and depth of the map. */
export async function cell({ model, flags }: Question, hiddenDim: number, layers: number): Promise<Cell> {
  try {
    const typed = { ...flags, 'hidden-dim': String(hiddenDim), layers: String(layers) };
    const config = resolveWith(await loadProfile({ model, flags: typed }), typed);
    const { process, verdict } = pricedStep(config, steps.of(config));
    return { hiddenDim, layers, highBytes: process.range.highBytes, kind: verdict.kind };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { hiddenDim, layers, kind: 'impossible' };
  }
}
