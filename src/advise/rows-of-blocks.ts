/** What counts of arrays made of the rows of a block of edges, where a bound is one for every number of blocks. */
import { categoryCode, type Trace } from '../memory/trace.js';
import { firstEventOf, type SizedStep } from './sized-step.js';

/** What does not count. */
export function madeOfBlocks({ trace, blockRows }: SizedStep): ((buffer: number) => boolean) | undefined {
  if (blockRows === undefined) return undefined;
  const { layouts, bufferLayout, bufferCategory } = trace;
  const isOfBlock = layouts.map(({ shape }) => shape.some(({ symbol }) => blockRows.has(symbol)));
  const firstOfBackward = firstBufferOfBackward(trace);
  return (buffer) =>
    isOfBlock[bufferLayout[buffer]!]! &&
    (bufferCategory[buffer] === categoryCode.temporary || buffer >= firstOfBackward);
}

function firstBufferOfBackward(trace: Trace): number {
  const backward = trace.events.subarray(firstEventOf(trace, 'backward'));
  return (backward.find((event) => event > 0) ?? Number.POSITIVE_INFINITY) - 1;
}

/**
 * What an operation of the forward pass makes of the rows of either block, while both are alive: with more blocks all of them are, and take
 * as much. It counts when other arrays come and go, as a block's own may take the place of the one before it.
 */
export class TogetherAlive {
  bytes = 0;
  private readonly alive = new Map<string, Map<number, number>>();
  private readonly firstOfBackward: number;

  constructor(
    private readonly step: SizedStep,
    private readonly bytesOf: Float64Array,
  ) {
    this.firstOfBackward = firstBufferOfBackward(step.trace);
  }

  follow(event: number): void {
    const { trace, blockRows } = this.step;
    const buffer = Math.abs(event) - 1;
    if (buffer >= this.firstOfBackward) return;
    const layout = trace.bufferLayout[buffer]!;
    const { shape, elementBytes } = trace.layouts[layout]!;
    const others = shape.map(({ symbol, factor }) => (blockRows!.has(symbol) ? '' : `${factor}${symbol}`));
    const operation = trace.operations[trace.bufferOperation[buffer]!];
    const key = [operation, trace.bufferModule[buffer], elementBytes, ...others].join(' ');
    const byLayout = this.alive.get(key) ?? new Map<number, number>();
    this.alive.set(key, byLayout);
    const before = bytesTogether(byLayout);
    if (event > 0) byLayout.set(layout, this.bytesOf[buffer]!);
    else byLayout.delete(layout);
    this.bytes += bytesTogether(byLayout) - before;
  }
}

/** Of one block, nothing. */
const bytesTogether = (byLayout: ReadonlyMap<number, number>): number =>
  byLayout.size < 2 ? 0 : [...byLayout.values()].reduce((sum, bytes) => sum + bytes);
