/**
 * The sizes of a step, and what its trace asked of them. At other sizes with the same answers the kernels, their order and the arrays are the
 * same: a search that goes through thousands of batches finds a handful of traces.
 */
import { type Dimensions, formatShape, numElements, type Shape } from '../../ir/shape.js';

/** Kept as long as the trace: made by a function that knows nothing else. */
export type Question = (sizes: Dimensions) => boolean;

/** An array's shape and the bytes of an element. */
type Sized = readonly [shape: Shape, elementBytes: number];

export class Sizes {
  private readonly asked = new Map<string, { readonly question: Question; readonly answer: boolean }>();
  private isOwn = false;

  constructor(private readonly here: Dimensions) {}

  /** `key`: equal for equal questions, of which a step of a thousand layers has thousands. */
  ask(key: string, question: Question): boolean {
    let known = this.asked.get(key);
    if (known === undefined) {
      known = { question, answer: question(this.here) };
      this.asked.set(key, known);
    }
    return known.answer;
  }

  /** Elements of an array, of which more is made than a comparison. */
  exactly(shape: Shape): number {
    const elements = numElements(shape, this.here);
    this.ask(`${formatShape(shape)} = ${elements}`, (sizes) => numElements(shape, sizes) === elements);
    return elements;
  }

  /** Whatever is made of them: the trace is of these sizes alone. */
  get whole(): Dimensions {
    this.isOwn = true;
    return this.here;
  }

  /**
   * Bytes of arrays that are only compared with each other, those beyond the last of `upTo` in size with that one alone: at other sizes the
   * trace is the same where the order is.
   */
  compared(arrays: readonly Sized[], upTo: readonly Sized[]): readonly number[] {
    const last = upTo.reduce((a, b) => (this.bytes(b) > this.bytes(a) ? b : a));
    const byShape = new Map<Shape, Sized[]>();
    for (const array of [...arrays, ...upTo]) {
      const [shape, elementBytes] = array;
      const known = byShape.get(shape) ?? [];
      if (known.every(([, each]) => each !== elementBytes)) byShape.set(shape, [...known, array]);
    }
    const sorted = [...byShape.values()].flat().sort((a, b) => this.bytes(a) - this.bytes(b));
    const within = sorted.filter((array) => this.bytes(array) <= this.bytes(last));
    for (const [index, array] of within.entries()) if (index > 0) this.inOrder(within[index - 1]!, array);
    for (const array of sorted.slice(within.length)) this.inOrder(last, array);
    return arrays.map((array) => this.bytes(array));
  }

  private inOrder(below: Sized, above: Sized): void {
    const [first, second] = [below, above].map(([shape, elementBytes]) => `${formatShape(shape)} of ${elementBytes}`);
    if (first === second) return;
    this.ask(`${first} below ${second}`, (sizes) => bytesOf(below, sizes) < bytesOf(above, sizes));
    this.ask(`${first} as ${second}`, (sizes) => bytesOf(below, sizes) === bytesOf(above, sizes));
  }

  private readonly bytes = (array: Sized): number => bytesOf(array, this.here);

  /** Whether the trace is that of `sizes` too. */
  answersAlike(sizes: Dimensions): boolean {
    if (this.isOwn) return false;
    for (const { question, answer } of this.asked.values()) if (question(sizes) !== answer) return false;
    return true;
  }
}

const bytesOf = ([shape, elementBytes]: Sized, sizes: Dimensions): number => numElements(shape, sizes) * elementBytes;
