/** The arrays that are alive at the peak: which operation made each, which one lets it go, and what it is kept for. */

import { type Dimensions, formatShape } from '../ir/shape.js';
import type { Liveness } from '../memory/liveness.js';
import { aliveAfter } from '../memory/liveness.js';
import { type Category, categories, type Trace } from '../memory/trace.js';
import { type Moment, momentsOf, type Timeline } from './timeline.js';

export interface LiveArray {
  readonly bytes: number;
  /** In the field's symbols, e.g. `[meshEdges, 3·hiddenDim]`. */
  readonly shape: string;
  readonly lengths: readonly number[];
  readonly dtype: string;
  readonly category: Category;
  readonly module: string;
  readonly why: string;
  readonly madeBy: string;
  /** Position in the timeline; null: before this step. */
  readonly madeAt: number | null;
  /** null: it outlives the step. */
  readonly freedBy: string | null;
  readonly freedAt: number | null;
}

export function arraysAtPeak(
  trace: Trace,
  dimensions: Dimensions,
  bytesOfBuffer: Float64Array,
  { peak }: Liveness,
  timeline: Timeline,
): readonly LiveArray[] {
  const moments = momentsOf(trace);
  const made = new Int32Array(trace.bufferLayout.length);
  const freed = new Int32Array(trace.bufferLayout.length).fill(-1);
  trace.events.forEach((change, event) => {
    if (change > 0) made[change - 1] = event;
    else freed[-change - 1] = event;
  });
  const describe = (buffer: number): LiveArray => {
    const { shape, dtype } = trace.layouts[trace.bufferLayout[buffer]!]!;
    const freedAt = freed[buffer]! < 0 ? null : timeline.operationAt(freed[buffer]!);
    const category = categories[trace.bufferCategory[buffer]!]!;
    return {
      bytes: bytesOfBuffer[buffer]!,
      shape: formatShape(shape),
      lengths: shape.map(({ symbol, factor }) => factor * (dimensions[symbol] ?? 1)),
      dtype,
      category,
      module: trace.modules[trace.bufferModule[buffer]!]!,
      why: reasonOf(category, moments[made[buffer]!]!, peak.phase === 'forward'),
      madeBy: trace.operations[trace.bufferOperation[buffer]!]!,
      madeAt: timeline.operationAt(made[buffer]!),
      freedBy: freedAt === null ? null : timeline.operations[freedAt]!.operation,
      freedAt,
    };
  };
  return aliveAfter(trace, peak.event)
    .sort((a, b) => bytesOfBuffer[b]! - bytesOfBuffer[a]! || a - b)
    .map(describe);
}

/** Arrays of one shape and reason, made and let go by the same operations of several layers or steps. */
export interface LikeArrays extends Omit<LiveArray, 'module'> {
  readonly count: number;
  /** Of all of them; `bytes` is each one's. */
  readonly totalBytes: number;
}

/** The group with most bytes first. Positions are those of a group's largest and first array; numbers of layers become a range, as in `mesh.0–15.edges`. */
export function likeArrays(arrays: readonly LiveArray[]): readonly LikeArrays[] {
  const groups = new Map<string, LiveArray[]>();
  for (const array of arrays) {
    const { bytes, shape, dtype, category, why, madeBy, freedBy } = array;
    const key = [bytes, shape, dtype, category, why, unnumbered(madeBy), unnumbered(freedBy ?? '')].join('|');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [array]);
    else group.push(array);
  }
  return [...groups.values()]
    .map((group) => {
      const { module: _, ...first } = group[0]!;
      return {
        ...first,
        count: group.length,
        totalBytes: group.length * first.bytes,
        madeBy: inOne(group.map(({ madeBy }) => madeBy)),
        freedBy: first.freedBy === null ? null : inOne(group.map(({ freedBy }) => freedBy!)),
      };
    })
    .sort((a, b) => b.totalBytes - a.totalBytes);
}

/** A part of a dotted name, or a word, that is a number: the position of a layer or step. */
const number = /(?<![^. ])\d+(?![^., ])/g;

const unnumbered = (name: string): string => name.replaceAll(number, '#');

/** Names that differ in their numbers, as one name with ranges. */
function inOne(names: readonly string[]): string {
  const numbers = names.map((name) => (name.match(number) ?? []).map(Number));
  let position = 0;
  return names[0]!.replaceAll(number, () => {
    const column = numbers.map((row) => row[position]!);
    position++;
    const [low, high] = [Math.min(...column), Math.max(...column)];
    return low === high ? String(low) : `${low}–${high}`;
  });
}

function reasonOf(category: Category, { recompute }: Moment, peakInForward: boolean): string {
  switch (category) {
    case 'parameter':
      return 'a parameter';
    case 'gradient':
      return 'a parameter’s gradient, until the optimizer has used it';
    case 'optimizer':
      return 'optimizer state, kept from step to step';
    case 'input':
      return 'data or graph on the device';
    case 'activation':
      if (recompute) return 'computed again for the backward pass, until it is read there';
      return peakInForward
        ? 'kept for the backward pass'
        : 'kept from the forward pass, not yet read for the last time';
    case 'temporary':
      return 'in use by the operations that run right now';
  }
}
