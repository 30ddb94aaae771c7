/**
 * Tensor parallel over the hidden dimension, as Megatron-LM splits an MLP (Shoeybi et al. 2019, arXiv 1909.08053, section 3): the
 * first Linear by columns, the second by rows, so that between them every rank holds its part of the hidden layer only. Inputs and
 * outputs of an MLP are whole on every rank (summed in place after the second Linear, and again in the backward pass).
 */

import type { Block, ForwardProgram } from '../ir/forward-program.js';
import type { OperationOf } from '../ir/operations.js';
import { axis, type Shape } from '../ir/shape.js';
import { ProgramRewriter } from './rewrite-program.js';

export const shardSymbol = 'hiddenDimShard';

const hidden = (shape: Shape, place: number): Shape =>
  shape.map((each, index) => (index === place ? axis(shardSymbol, each.factor) : each));

export function splitMlps(program: ForwardProgram): ForwardProgram {
  const rewriter = new ProgramRewriter(program);
  const split = (value: number, place: number) => rewriter.reshape(value, hidden(program.values[value]!.shape, place));
  const visit = (block: Block): void => {
    if (block.role.kind === 'mlp') splitMlp(block, split);
    for (const node of block.body) if (node.kind === 'block') visit(node);
  };
  visit(program.root);
  return rewriter.finish((operation) => [operation]);
}

/** `[in, hidden/W]`, `[hidden/W]`, `[rows, batch, hidden/W]`, `[hidden/W, out]` */
function splitMlp({ body }: Block, split: (value: number, place: number) => void): void {
  const linears = body.filter((node): node is OperationOf<'linear'> => node.kind === 'linear');
  const [first, second] = linears;
  if (first === undefined || second === undefined) throw new Error('an MLP of fewer than two Linears is never split');
  split(first.weight, 1);
  if (first.bias !== undefined) split(first.bias, 0);
  split(first.output, 2);
  for (const node of body) if (node.kind === 'activation') split(node.output, 2);
  split(second.weight, 0);
}
