/**
 * Multiply-adds of the matrix products, 2 FLOPs each; they are over 98 % of the arithmetic from hidden dimension 64 up.
 * Backward: one product for the weight's gradient and, where a gradient flows on, one for the input's.
 */

import type { Block, ForwardProgram } from '../ir/forward-program.js';
import { productsOf } from '../ir/operations.js';
import { type Dimensions, numElements, type Shape } from '../ir/shape.js';

export interface Flops {
  readonly forwardFlops: number;
  /** Forward, backward and what is computed again. */
  readonly trainFlops: number;
  /** Recomputed forward FLOPs ÷ train FLOPs. */
  readonly recomputeFraction: number;
}

/** FLOPs = the sum of weight × elements of the shape `[rows, batch, in, out]`. */
export type FlopTerms = readonly (readonly [shape: Shape, weight: number])[];

interface ProgramFlopTerms {
  readonly forward: FlopTerms;
  /** Empty in inference. */
  readonly train: FlopTerms;
  readonly recomputed: FlopTerms;
}

/** Each matrix product: how many of its operands get a gradient, how often a loop runs it, and the blocks that it lies in, the outermost first. */
export function forEachProduct(
  program: ForwardProgram,
  visit: (shape: Shape, numBackward: number, times: number, blocks: readonly Block[]) => void,
): void {
  const enter = (block: Block, outer: readonly Block[], times: number): void => {
    const blocks = [...outer, block];
    for (const node of block.body) {
      if (node.kind === 'block') enter(node, blocks, times * (node.times ?? 1));
      else if (node.kind !== 'drop')
        for (const { shape, numBackward } of productsOf(node, program.values)) visit(shape, numBackward, times, blocks);
    }
  };
  enter(program.root, [], program.root.times ?? 1);
}

export function flopTerms(program: ForwardProgram): ProgramFlopTerms {
  const forward: [Shape, number][] = [];
  const backward: [Shape, number][] = [];
  const again: [Shape, number][] = [];
  forEachProduct(program, (shape, numBackward, times, blocks) => {
    forward.push([shape, 2 * times]);
    backward.push([shape, 2 * numBackward * times]);
    if (blocks.some(({ recomputed }) => recomputed)) again.push([shape, 2 * times]);
  });
  if (program.loss === undefined) return { forward, train: [], recomputed: [] };
  return { forward, train: [...forward, ...backward, ...again], recomputed: again };
}

export function countFlops(program: ForwardProgram, dimensions: Dimensions): Flops {
  const terms = flopTerms(program);
  const sum = (of: FlopTerms) =>
    of.reduce((total, [shape, weight]) => total + weight * numElements(shape, dimensions), 0);
  const trainFlops = sum(terms.train);
  return {
    forwardFlops: sum(terms.forward),
    trainFlops,
    recomputeFraction: trainFlops === 0 ? 0 : sum(terms.recomputed) / trainFlops,
  };
}
