/**
 * Optimizer state and temporaries (torch/optim, torch 2.13). State appears at the end of the first step, between cached
 * activation blocks, which is what splits the allocator's big segments for good.
 */
import type { Optimizer } from '../../config/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import { axis, constant, type Shape } from '../../program/shape.js';
import type { ResidentParameter } from './residents.js';

interface OptimizerRule {
  /** State tensors of the parameter's shape. */
  readonly numMoments: number;
  /** fused keeps its step counters on the device, 4 bytes per parameter tensor. */
  readonly deviceStep: boolean;
  /** foreach: lists of the parameters' size alive at once (AdamW: the square root of the second moments). */
  readonly numForeachTemporaries: number;
}

const rules: Readonly<Record<Exclude<Optimizer, 'none'>, OptimizerRule>> = {
  'adamw-fused': { numMoments: 2, deviceStep: true, numForeachTemporaries: 0 },
  adamw: { numMoments: 2, deviceStep: false, numForeachTemporaries: 1 },
  adam: { numMoments: 2, deviceStep: false, numForeachTemporaries: 1 },
  momentum: { numMoments: 1, deviceStep: false, numForeachTemporaries: 0 },
  sgd: { numMoments: 0, deviceStep: false, numForeachTemporaries: 0 },
};

const counter: Shape = [axis('one')];

export function optimizerStep(
  recorder: TraceRecorder,
  parameters: readonly ResidentParameter[],
  optimizer: Optimizer,
  elementBytes: number,
  first: boolean,
): void {
  if (optimizer === 'none') return;
  const { numMoments, deviceStep, numForeachTemporaries } = rules[optimizer];
  const trained = parameters.filter(({ accumulator }) => accumulator.gradient !== undefined);
  recorder.currentModule = recorder.module('optimizer');
  clipGradients(recorder, trained.length, elementBytes);
  if (first) {
    recorder.currentCategory = 2;
    recorder.currentOperation = recorder.operation('optimizer state');
    for (const { shape } of trained) {
      if (deviceStep) recorder.allocate(counter, 4);
      for (let i = 0; i < numMoments; i++) recorder.allocate(shape, elementBytes);
    }
  }
  recorder.currentCategory = 5;
  recorder.currentOperation = recorder.operation('optimizer step');
  const temporaries = [];
  for (let i = 0; i < numForeachTemporaries; i++)
    for (const { shape } of trained) temporaries.push(recorder.allocate(shape, elementBytes));
  for (const storage of temporaries) recorder.release(storage);
}

/** clip_grad_norm_(foreach=True): a norm per tensor, stacked, their norm, and scalars; the gradients are scaled in place. */
function clipGradients(recorder: TraceRecorder, numTensors: number, elementBytes: number): void {
  recorder.currentOperation = recorder.operation('clip gradients');
  recorder.currentCategory = 5;
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
