/**
 * Optimizer state and temporaries (torch/optim, torch 2.13). State appears at the end of the first step, between cached
 * activation blocks, which is what splits the allocator's big segments for good.
 */

import { type ElementwiseOptimizer, numMomentsOf } from '../../config/choices.js';
import { minOffloadedElements } from '../../config/offload.js';
import type { Optimizer, Recipe } from '../../config/types.js';
import { axis, constant, type Shape } from '../../ir/shape.js';
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import { adafactorStep, makeFactoredState } from './adafactor.js';
import { makeBlockwiseState } from './blockwise-8bit.js';
import type { ResidentParameter } from './residents.js';

export type NumElementsOf = (shape: Shape) => number;

/** What the rules of every optimizer are given. */
export interface Update {
  readonly recorder: TraceRecorder;
  /** Of the parameters that have a gradient, in their order. */
  readonly shapes: readonly Shape[];
  readonly elementBytes: number;
  /** For the rules that tell small tensors from large ones. */
  readonly numElementsOf: NumElementsOf;
}

export interface OptimizerSizes {
  readonly numElementsOf: NumElementsOf;
  readonly offloaded: boolean;
}

interface ElementwiseRule {
  /** fused keeps its step counters on the device, 4 bytes per parameter tensor. */
  readonly deviceStep: boolean;
  /** foreach: lists of the parameters' size alive at once (AdamW: the square root of the second moments). */
  readonly numForeachTemporaries: number;
}

const rules: Readonly<Record<ElementwiseOptimizer, ElementwiseRule>> = {
  'adamw-fused': { deviceStep: true, numForeachTemporaries: 0 },
  adamw: { deviceStep: false, numForeachTemporaries: 1 },
  adam: { deviceStep: false, numForeachTemporaries: 1 },
  momentum: { deviceStep: false, numForeachTemporaries: 0 },
  sgd: { deviceStep: false, numForeachTemporaries: 0 },
};

const counter: Shape = [axis('one')];

/**
 * Offloaded as by torchao's CPUOffloadOptimizer (torchao 0.18, optim/cpu_offload.py): small tensors are updated on the device by an
 * optimizer of the same class, AdamW then fused; the others' state and step are the host's. Their gradients are copied as they
 * come and stay on the device until they are cleared. What clips gradients would come too late for these copies.
 */
export function optimizerStep(
  recorder: TraceRecorder,
  parameters: readonly ResidentParameter[],
  recipe: Pick<Recipe, 'optimizer' | 'amsgrad'>,
  elementBytes: number,
  firstStep: boolean,
  sizes: OptimizerSizes,
): void {
  const trained = parameters.filter(({ accumulator }) => accumulator.gradient !== undefined);
  const rule = ruleOf(recipe, sizes);
  if (rule === undefined) return;
  recorder.currentModule = recorder.module('optimizer');
  if (!sizes.offloaded) clipGradients(recorder, trained.length, elementBytes);
  const update = updateOnDevice(recorder, trained, elementBytes, sizes);
  if (firstStep) makeState(update, rule);
  step(update, rule);
}

/** What lies there from the first step on. */
export function optimizerState(
  recorder: TraceRecorder,
  trained: readonly Pick<ResidentParameter, 'shape'>[],
  recipe: Pick<Recipe, 'optimizer' | 'amsgrad'>,
  elementBytes: number,
  sizes: OptimizerSizes,
): void {
  const rule = ruleOf(recipe, sizes);
  if (rule !== undefined) makeState(updateOnDevice(recorder, trained, elementBytes, sizes), rule);
}

interface Rule {
  readonly optimizer: Exclude<Optimizer, 'none'>;
  /** The largest second moments, one array more (torch/optim/adam.py, `max_exp_avg_sqs`). */
  readonly amsgrad: boolean;
}

function ruleOf(
  { optimizer, amsgrad }: Pick<Recipe, 'optimizer' | 'amsgrad'>,
  { offloaded }: OptimizerSizes,
): Rule | undefined {
  if (optimizer === 'none') return undefined;
  return { optimizer: offloaded && optimizer === 'adamw' ? 'adamw-fused' : optimizer, amsgrad };
}

function updateOnDevice(
  recorder: TraceRecorder,
  trained: readonly Pick<ResidentParameter, 'shape'>[],
  elementBytes: number,
  { numElementsOf, offloaded }: OptimizerSizes,
): Update {
  const shapes = trained.map(({ shape }) => shape);
  const onDevice = offloaded ? shapes.filter((shape) => numElementsOf(shape) < minOffloadedElements) : shapes;
  return { recorder, shapes: onDevice, elementBytes, numElementsOf };
}

function makeState(update: Update, { optimizer, amsgrad }: Rule): void {
  const { recorder } = update;
  recorder.currentCategory = 'optimizer';
  recorder.currentOperation = recorder.operation('optimizer state');
  if (optimizer === 'adafactor') makeFactoredState(update);
  else if (optimizer === 'adamw-8bit') makeBlockwiseState(update);
  else makeMoments(update, optimizer, numMomentsOf(optimizer) + Number(amsgrad));
}

function step(update: Update, { optimizer }: Rule): void {
  const { recorder } = update;
  recorder.currentCategory = 'temporary';
  recorder.currentOperation = recorder.operation('optimizer step');
  if (optimizer === 'adafactor') adafactorStep(update);
  else if (optimizer !== 'adamw-8bit') elementwiseStep(update, rules[optimizer]);
}

function makeMoments(
  { recorder, shapes, elementBytes }: Update,
  optimizer: ElementwiseOptimizer,
  numMoments: number,
): void {
  for (const shape of shapes) {
    if (rules[optimizer].deviceStep) recorder.allocate(counter, 4);
    for (let i = 0; i < numMoments; i++) recorder.allocate(shape, elementBytes);
  }
}

function elementwiseStep({ recorder, shapes, elementBytes }: Update, { numForeachTemporaries }: ElementwiseRule): void {
  const temporaries: StorageId[] = [];
  for (let i = 0; i < numForeachTemporaries; i++)
    for (const shape of shapes) temporaries.push(recorder.allocate(shape, elementBytes));
  for (const storage of temporaries.toReversed()) recorder.release(storage);
}

/** clip_grad_norm_(foreach=True): a norm per tensor, stacked, their norm, and scalars; the gradients are scaled in place. */
function clipGradients(recorder: TraceRecorder, numTensors: number, elementBytes: number): void {
  recorder.currentOperation = recorder.operation('clip gradients');
  recorder.currentCategory = 'temporary';
  const norms = Array.from({ length: numTensors }, () => recorder.allocate(counter, elementBytes));
  const stacked = recorder.allocate([constant(numTensors)], elementBytes);
  const total = recorder.allocate(counter, elementBytes);
  for (const storage of [stacked, ...norms]) recorder.release(storage);
  const [sum, reciprocal, coefficient] = [0, 1, 2].map(() => recorder.allocate(counter, elementBytes));
  recorder.release(reciprocal!);
  recorder.release(sum!);
  const clamped = recorder.allocate(counter, elementBytes);
  for (const storage of [coefficient!, clamped, total]) recorder.release(storage);
}
