/** Loss and gradients of one optimizer step, on any `Ops`: the tapes' forward and backward passes, and the micro-steps together. */
import { offloadsBoundary } from '../../config/offload.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Endpoints, ValueId } from '../../ir/types.js';
import type { Context } from './context.js';
import { featuresOf } from './edge-blocks.js';
import { beginStep, evaluate } from './evaluate.js';
import { boundaryOffloader } from './offload.js';
import type { Ops } from './ops.js';
import type { TapeSegment } from './segments.js';

export type Values<T> = ReadonlyMap<ValueId, T>;

export interface LossAndGradients<T> {
  readonly loss: T;
  /** Of every parameter that the loss depends on. */
  readonly gradients: Values<T>;
}

function runSegment<T>(
  context: Context<T>,
  program: ForwardProgram,
  segment: TapeSegment,
  known: Values<T>,
): Values<T> {
  const values = new Map(known);
  const { nodes, block } = segment;
  if (block === undefined) evaluate(context, program, nodes, values);
  else {
    values.set(featuresOf(program, block.edges), context.edgeFeatures(block));
    const inBlock = { ...context, endpoints: (each: Endpoints) => context.endpoints(each, block) };
    evaluate(inBlock, program, nodes, values);
  }
  return values;
}

/** `sum[id] += addend`; both former arrays are disposed. */
function accumulate<T>(ops: Ops<T>, sum: Map<ValueId, T>, id: ValueId, addend: T): void {
  const soFar = sum.get(id);
  if (soFar === undefined) {
    sum.set(id, addend);
    return;
  }
  sum.set(id, ops.add(soFar, addend));
  ops.dispose([soFar, addend]);
}

/** Runs segments without a tape. What crosses a cut joins `crossing`; `hold` is told what a segment touches. */
function forward<T>(
  context: Context<T>,
  program: ForwardProgram,
  segments: readonly TapeSegment[],
  crossing: Map<ValueId, T>,
  hold: (values: readonly ValueId[]) => void = () => {},
): void {
  const { ops } = context;
  for (const segment of segments) {
    beginStep(context, segment.model);
    hold([...segment.inputs, ...segment.outputs]);
    const outputs = ops.tidy(() => {
      const values = runSegment(context, program, segment, crossing);
      return segment.outputs.map((id) => values.get(id)!);
    });
    ops.enter('sum edge blocks', 'other');
    for (const [i, id] of segment.outputs.entries()) accumulate(ops, crossing, id, outputs[i]!);
  }
}

/** The loss and the last prediction without a gradient; both are gone once `read` has returned. */
export function readForward<T, Result>(
  context: Context<T>,
  program: ForwardProgram,
  segments: readonly TapeSegment[],
  leaves: Values<T>,
  read: (loss: T, prediction: T) => Result,
): Result {
  const { ops } = context;
  const crossing = new Map(leaves);
  forward(context, program, segments.slice(0, -1), crossing);
  let result: Result;
  ops.tidy(() => {
    const values = runSegment(context, program, segments.at(-1)!, crossing);
    result = read(values.get(program.loss!)!, values.get(program.predictions.at(-1)!)!);
    return [];
  });
  ops.dispose([...crossing].flatMap(([id, value]) => (leaves.has(id) ? [] : [value])));
  return result!;
}

/**
 * The segments first run without a tape, keeping what crosses a cut; then each runs again under a tape of its own, last one first.
 * A tape takes one value and one gradient, so the outputs of a segment are joined along their rows.
 */
export function lossAndGradients<T>(
  context: Context<T>,
  program: ForwardProgram,
  segments: readonly TapeSegment[],
  leaves: Values<T>,
): LossAndGradients<T> {
  const { ops } = context;
  const crossing = new Map(leaves);
  const hold = offloadsBoundary(context) ? boundaryOffloader(ops, crossing, leaves) : () => {};
  forward(context, program, segments.slice(0, -1), crossing, hold);
  const gradientOf = new Map<ValueId, T>();
  const parameterGradients = new Map<ValueId, T>();
  const firstMade = firstOf(segments.map(({ outputs }) => outputs));
  const firstRead = firstOf(segments.map(({ inputs }) => inputs));
  let loss: T | undefined;
  for (const [index, segment] of [...segments.entries()].reverse()) {
    beginStep(context, segment.model);
    hold(segment.inputs);
    const isLast = loss === undefined;
    const outputs = isLast ? [program.loss!] : segment.outputs.filter((id) => gradientOf.has(id));
    const joined = () => {
      const values = runSegment(context, program, segment, crossing);
      const results = outputs.map((id) => values.get(id)!);
      return results.length === 1 ? results[0]! : ops.concat(results, 0);
    };
    const dys = outputs.flatMap((id) => gradientOf.get(id) ?? []);
    ops.enter('join gradients', 'other');
    const dy = dys.length > 1 ? ops.concat(dys, 0) : dys[0];
    const xs = [...segment.inputs, ...segment.parameters];
    const { value, gradients } = ops.gradients(
      joined,
      xs.map((id) => crossing.get(id)!),
      dy,
    );
    if (isLast) loss = value;
    else ops.dispose([value]);
    const used = outputs.flatMap((id) => ((firstMade.get(id) ?? index) < index ? [] : (gradientOf.get(id) ?? [])));
    ops.dispose(dys.length > 1 ? [...used, dy!] : used);
    for (const id of segment.inputs.filter((id) => firstRead.get(id) === index)) {
      ops.dispose([crossing.get(id)!]);
      crossing.delete(id);
    }
    ops.enter('sum gradients', 'other');
    for (const [i, id] of xs.entries()) {
      const gradient = gradients[i];
      if (gradient !== undefined)
        accumulate(ops, i < segment.inputs.length ? gradientOf : parameterGradients, id, gradient);
    }
  }
  return { loss: loss!, gradients: parameterGradients };
}

/** Value → position of the first list that holds it. */
function firstOf(lists: readonly (readonly ValueId[])[]): ReadonlyMap<ValueId, number> {
  const first = new Map<ValueId, number>();
  for (const [index, ids] of lists.entries()) for (const id of ids) if (!first.has(id)) first.set(id, index);
  return first;
}

/** Mean of the gradients of `numMicroSteps` micro-steps; the loss is the last one's. */
export function accumulatedGradients<T>(
  ops: Ops<T>,
  numMicroSteps: number,
  microStep: () => LossAndGradients<T>,
): LossAndGradients<T> {
  let { loss, gradients } = microStep();
  if (numMicroSteps === 1) return { loss, gradients };
  const sum = new Map(gradients);
  for (let i = 1; i < numMicroSteps; i++) {
    ops.dispose([loss]);
    ({ loss, gradients } = microStep());
    ops.enter('accumulate gradients', 'optimizer');
    for (const [id, gradient] of gradients) accumulate(ops, sum, id, gradient);
  }
  for (const [id, total] of sum) {
    sum.set(id, ops.mul(total, 1 / numMicroSteps));
    ops.dispose([total]);
  }
  return { loss, gradients: sum };
}
