/**
 * `edges:blocks=N`: the encoder's and the decoder's edge update (embed, gather, edge MLP, segment sum) runs on one slice of the
 * edges after the other, and each slice is recomputed. Here: the frame of such a network, with these operations gathered into
 * one recomputed block; its rows are those of a slice, for the arrays of one slice are there at a time.
 */
import { type Block, type ForwardProgram, type Node, operationsOf } from '../../ir/forward-program.js';
import { type Operation, readsOf } from '../../ir/operations.js';
import type { EdgeSet } from '../../ir/types.js';

export interface EdgeSlices {
  readonly set: EdgeSet;
  /** `loop`: a Python loop. XLA then recomputes the edge embeddings of all slices before the first slice's backward pass. */
  readonly loop: 'scan' | 'loop';
}

export const edgeSlicesOf = new WeakMap<Block, EdgeSlices>();

const slicedSets = { encoder: 'grid2mesh', decoder: 'mesh2grid' } as const;

export function withEdgeBlocks(program: ForwardProgram, kind: 'scan' | 'loop'): ForwardProgram {
  const rewrite = (node: Node): Node => {
    if (node.kind !== 'block') return node;
    if (node.role.kind === 'encoder' || node.role.kind === 'decoder')
      return sliced(program, node, slicedSets[node.role.kind], kind);
    return { ...node, body: node.body.map(rewrite) };
  };
  return { ...program, root: rewrite(program.root) as Block };
}

function sliced(program: ForwardProgram, frame: Block, set: EdgeSet, kind: 'scan' | 'loop'): Block {
  const operations = operationsOf(frame.body);
  const isEdge = ({ output }: Operation) => program.values[output]!.shape[0]!.symbol === `${set}Edges`;
  const sum = operations.findIndex(({ kind }) => kind === 'segmentSum');
  const before = operations.slice(0, sum);
  const embedding =
    kind === 'loop' ? before.filter((operation) => isEdge(operation) && readsNoNode(program, operation, before)) : [];
  const inside = [
    ...before.filter((operation) => isEdge(operation) && !embedding.includes(operation)),
    operations[sum]!,
  ];
  const made = new Set(inside.map(({ output }) => output));
  const inputs = inside.flatMap(readsOf).filter((id) => !made.has(id) && program.values[id]!.source === 'operation');
  const block: Block = {
    kind: 'block',
    name: 'slice of the edges',
    role: { kind: 'frame' },
    module: frame.module,
    recomputed: true,
    inputs: [...new Set(inputs)].filter((id) => !embedding.some(({ output }) => output === id)),
    outputs: [operations[sum]!.output],
    body: inside,
  };
  edgeSlicesOf.set(block, { set, loop: kind });
  const others = before.filter((operation) => !isEdge(operation));
  return { ...frame, body: [...others, ...embedding, block, ...operations.slice(sum + 1)] };
}

/** The operation is part of the edge embedder: it depends on edge features alone. */
function readsNoNode(program: ForwardProgram, operation: Operation, earlier: readonly Operation[]): boolean {
  return readsOf(operation).every((id) => {
    if (program.values[id]!.source !== 'operation') return true;
    const maker = earlier.find(({ output }) => output === id);
    return maker !== undefined && maker.kind !== 'gather' && readsNoNode(program, maker, earlier);
  });
}
