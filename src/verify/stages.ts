/** Trains the stages of a plan one after the other; each starts as the last one grown (`models/growing`). */
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import { applyGrowth } from '../models/growing/apply.js';
import { growthPlan } from '../models/growing/plan.js';
import { programCheckpoint } from '../models/growing/roles.js';
import type { GrownArray, StoredArray } from '../models/growing/types.js';
import { forwardProgram } from '../models/index.js';
import { segment } from '../runtimes/tfjs/segments.js';
import { randomNumbers } from './arrays.js';
import { type Trainer, trainer } from './interpreter.js';
import type { Library } from './library.js';
import type { Meter, StepMeasurement } from './meter.js';

/** Different samples that every stage trains on; the batch behind them is held out. */
export const numTrainingSamples = 64;

/** The library's usual rate, at the width of `tiny`. Adam's best rate falls as 1 ÷ width (Yang et al., arXiv:2203.03466, table 3). */
const learningRate = 1e-3;
const widthOfLearningRate = 32;

/** As in `services/grow.ts`: copies of a unit are weighed by shares of up to a tenth more or less than equal ones. */
const asymmetry = 0.1;
const seed = 1;

export interface StageMeasurement {
  readonly parameterBytes: number;
  /** Of the stage's last step. */
  readonly step: StepMeasurement;
  /** Of each step's own samples, before its update. */
  readonly losses: readonly number[];
  /** Of the held-out batch, before the first update and after the last one. */
  readonly heldOutLosses: readonly [start: number, end: number];
  /** Absent in the first stage. */
  readonly growth?: {
    readonly arrays: Readonly<Record<GrownArray['how'], number>>;
    /** Largest difference of two predictions of the held-out batch, before and after growing, ÷ the largest prediction. */
    readonly predictionDifference: number;
  };
  readonly stepTimeMs: number;
}

interface Trained {
  readonly arrays: readonly StoredArray[];
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly prediction: Float32Array;
}

export interface StagesOptions {
  readonly numSteps: number;
  readonly meter: Meter;
  readonly onStep: (stage: number, step: number) => void;
}

export function trainStages(tf: Library, configs: readonly Config[], options: StagesOptions): StageMeasurement[] {
  const measurements: StageMeasurement[] = [];
  let before: Trained | undefined;
  for (const [index, config] of configs.entries()) {
    options.onStep(index + 1, 0);
    const program = forwardProgram(config.model, config.recipe, segment(config));
    const grown = before === undefined ? undefined : grow(before, config);
    const training = trainer(tf, config, program, grown?.values);
    const heldOut = samplesFrom(numTrainingSamples, config, Number.POSITIVE_INFINITY);
    training.load(heldOut);
    const start = training.evaluate();
    const trained = trainStage(training, config, (step) => options.onStep(index + 1, step), options);
    training.load(heldOut);
    const end = training.evaluate();
    measurements.push({
      ...trained,
      heldOutLosses: [start.loss, end.loss],
      ...(before !== undefined && {
        growth: {
          arrays: grown!.arrays,
          predictionDifference: relativeDifference(before.prediction, start.prediction),
        },
      }),
    });
    before = { ...parametersOf(training, program), prediction: end.prediction };
    training.dispose();
  }
  return measurements;
}

/** `[first, first + batch)`, from 0 again at `end`. */
const samplesFrom = (first: number, { recipe }: Config, end: number): readonly number[] =>
  Array.from({ length: recipe.batchSize }, (_, i) => (first + i) % end);

/** The rate rises over the first half: a fresh Adam divides its first gradients by themselves. */
function trainStage(
  training: Trainer,
  config: Config,
  onStep: (step: number) => void,
  { numSteps, meter }: StagesOptions,
): Pick<StageMeasurement, 'parameterBytes' | 'step' | 'losses' | 'stepTimeMs'> {
  const peakRate = (learningRate * widthOfLearningRate) / config.model.hiddenDim;
  const losses: number[] = [];
  const times: number[] = [];
  let measured: StepMeasurement | undefined;
  for (let step = 1; step <= numSteps; step++) {
    onStep(step);
    training.load(samplesFrom((step - 1) * config.recipe.batchSize, config, numTrainingSamples));
    const stepEnds = () => {
      measured = meter.endStep();
    };
    meter.beginStep();
    const start = performance.now();
    losses.push(
      training.step({ optimizerBegins: meter.beginOptimizer, stepEnds }, peakRate * Math.min(1, (2 * step) / numSteps)),
    );
    times.push(performance.now() - start);
  }
  return {
    parameterBytes: [...training.parameters.values()].reduce((sum, { size }) => sum + 4 * size, 0),
    step: measured!,
    losses,
    stepTimeMs: times.toSorted((a, b) => a - b)[Math.floor(numSteps / 2)]!,
  };
}

function parametersOf(training: Trainer, { values }: ForwardProgram): Pick<Trained, 'arrays' | 'values'> {
  const arrays: StoredArray[] = [];
  const byName = new Map<string, Float32Array>();
  for (const [id, variable] of training.parameters) {
    const { name } = values[id]!;
    arrays.push({ name, shape: variable.shape });
    byName.set(name, Float32Array.from(variable.dataSync()));
  }
  return { arrays, values: byName };
}

function grow({ arrays, values }: Trained, { model }: Config) {
  const plan = growthPlan([programCheckpoint], arrays, { hiddenDim: model.hiddenDim, layers: model.layers });
  const random = randomNumbers(seed);
  const grown = new Map<string, Float32Array>();
  const counts = { copied: 0, tiled: 0, padded: 0, new: 0, set: 0 };
  for (const array of plan.arrays) {
    counts[array.how]++;
    grown.set(array.name, applyGrowth(array, array.from && values.get(array.from.name), { random, asymmetry }));
  }
  return { values: grown, arrays: counts };
}

function relativeDifference(before: Float32Array, after: Float32Array): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < before.length; i++) {
    largest = Math.max(largest, Math.abs(before[i]!));
    difference = Math.max(difference, Math.abs(after[i]! - before[i]!));
  }
  return difference / largest;
}
