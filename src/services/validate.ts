/** `gc-plan validate`: the accuracy of every runtime, computed again from the ground truth that ships, against README's promises. */

import { type Evidence, shippedEvidence } from '../accuracy/evidence.js';
import { errorPercent, figuresOf } from '../accuracy/figures.js';
import { accuracyPromises, casesOf, type Quality, type TruthCase, type TruthFile } from '../accuracy/truth.js';
import { formatCheckpoint } from '../config/checkpoint.js';
import { profileNames, readProfile } from '../config/profiles.js';
import { peakLiveBytes } from '../memory/liveness.js';
import { bufferBytes } from '../memory/trace.js';
import { codeBaseOf } from '../models/index.js';
import type { Flags } from '../options/typed.js';
import { type PricedProgram, priceProgram } from '../price.js';
import { formatBytes } from '../reports/units.js';
import type { Validation } from '../reports/validate/schema.js';
import { estimateCommand } from '../search/command-line.js';
import { unsizedStepKey } from '../search/unsized-step.js';
import { tool } from '../version.js';
import { estimate } from './estimate.js';

interface PublishedPoint {
  readonly id: string;
  readonly quality: Quality;
  readonly published: string;
  readonly publishedBytes?: number;
  readonly fits?: boolean;
  readonly compares: 'peakReservedBytes' | 'peakLiveBytes' | 'verdict' | 'shown';
  readonly source: string;
  readonly model: string;
  readonly flags: Flags;
  readonly explanation: string;
}

/** Of `profiles/truth/`: published figures, and what reports quote. */
const otherFiles = ['published', 'evidence'];

export async function validate(): Promise<Validation> {
  const files = profileNames('truth')
    .filter((name) => !otherFiles.includes(name))
    .map((name) => readProfile<TruthFile>('truth', name));
  const cases = files.flatMap((file) => predictionsOf(file));
  const runtimes = files.map(({ runtime, quality, source }) => {
    const errors = cases.filter((each) => each.runtime === runtime).map((each) => each.errorPercent);
    return { runtime, cases: errors.length, ...figuresOf(errors), quality, source };
  });
  const promises = accuracyPromises.map((promise) => {
    const actualPercent = runtimes.find(({ runtime }) => runtime === promise.runtime)?.[promise.figure];
    if (actualPercent === undefined) throw new Error(`no ground truth for the promise about ${promise.runtime}`);
    return { ...promise, actualPercent, holds: actualPercent <= promise.limitPercent };
  });
  const { points } = readProfile<{ readonly points: readonly PublishedPoint[] }>('truth', 'published');
  return {
    schema: 'gc-plan/validate@1',
    tool: tool(),
    runtimes,
    promises,
    evidence: shippedEvidence().map(evidenceRow),
    cases,
    published: await Promise.all(points.map(publishedRow)),
    passed: promises.every(({ holds }) => holds),
  };
}

/** As a report of such a configuration quotes it. */
const evidenceRow = ({ layout, live, covers: _, ...group }: Evidence): Validation['evidence'][number] => ({
  ...group,
  codeBase: codeBaseOf(layout).name,
  layout,
  live,
});

function predictionsOf(file: TruthFile): readonly Validation['cases'][number][] {
  const unsizedSteps = new Map<string, Pick<PricedProgram, 'program' | 'trace'>>();
  return casesOf(file).map(({ config, counts, peakLiveBytes: truthBytes }) => {
    const key = unsizedStepKey(config);
    const step = priceProgram(config, counts, unsizedSteps.get(key));
    unsizedSteps.set(key, step);
    const predictedBytes = peakLiveBytes(step.trace, bufferBytes(step.trace, step.dimensions));
    return {
      runtime: config.runtime,
      name: nameOf(config),
      predictedBytes,
      truthBytes,
      errorPercent: errorPercent(predictedBytes, truthBytes),
      quality: file.quality,
      source: file.source,
    };
  });
}

function nameOf({ model, recipe }: TruthCase['config']): string {
  return [
    `${model.hiddenDim}/${model.layers}`,
    `${model.grid.latitudes}×${model.grid.longitudes}`,
    `mesh ${model.meshLevel}`,
    `${model.inputChannels}→${model.outputChannels} channels`,
    recipe.precision,
    recipe.mode === 'train' ? recipe.optimizer : 'inference',
    ...(recipe.batchSize > 1 ? [`batch ${recipe.batchSize}`] : []),
    ...(recipe.rolloutSteps > 1 ? [`rollout ${recipe.rolloutSteps}`] : []),
    ...(recipe.tape === 'plain' ? [] : [`tape ${recipe.tape}`]),
    ...(recipe.concatTrick === 'off' ? [] : [`concat trick ${recipe.concatTrick}`]),
    `checkpoint ${formatCheckpoint(recipe.checkpoint)}`,
  ].join(' · ');
}

async function publishedRow(point: PublishedPoint): Promise<Validation['published'][number]> {
  const { id, published, quality, source, explanation, model, flags, compares } = point;
  const { memory, verdict } = await estimate({ model, flags });
  const bytes = compares === 'peakReservedBytes' ? memory.peakReservedBytes : memory.peakLiveBytes;
  return {
    id,
    published,
    predicted: compares === 'verdict' ? verdict.kind : formatBytes(compares === 'shown' ? memory.deviceBytes : bytes),
    ...(point.publishedBytes !== undefined && { errorPercent: errorPercent(bytes, point.publishedBytes) }),
    ...(point.fits !== undefined && { agrees: point.fits === (verdict.kind === 'fits') }),
    quality,
    source,
    explanation,
    command: estimateCommand(model, flags),
  };
}
