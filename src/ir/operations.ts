/** The operations below nodes of a program, in order. */
import type { Node } from './forward-program.js';
import type { Operation } from './types.js';

export const operationsOf = (nodes: readonly Node[]): Operation[] =>
  nodes.flatMap((node) => (node.kind === 'block' ? operationsOf(node.body) : node.kind === 'drop' ? [] : [node]));
