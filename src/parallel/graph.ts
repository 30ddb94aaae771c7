/**
 * The graph over several cards, as PhysicsNeMo's DistributedGraph did it (v1.2, models/gnn_layers/distributed_graph.py): every rank
 * holds its nodes and the edges into them; before edges gather from senders, an all-to-all brings the rows of the senders that other
 * ranks own, into one array of all senders that this rank's edges name. Parameters are whole on every rank, their gradients summed.
 */

import type { ForwardProgram, Node } from '../ir/forward-program.js';
import type { OperationOf } from '../ir/operations.js';
import { axis } from '../ir/shape.js';
import type { EdgeSet, ValueId } from '../ir/types.js';
import { ProgramRewriter } from './rewrite-program.js';

/** Rows of the senders that a rank's edges name: a key of `RankCounts`. */
const sendersSymbol = (edges: EdgeSet): string => `${edges}Senders`;

export function exchangeSenders(program: ForwardProgram): ForwardProgram {
  const rewriter = new ProgramRewriter(program);
  /** `[senders' nodes, batch, width]` → `[senders of this rank's edges, batch, width]` */
  const exchange = (
    input: ValueId,
    edges: EdgeSet,
    use: (received: ValueId) => OperationOf<'gather' | 'gatherAdd'>,
  ): readonly Node[] => {
    const [, ...rest] = rewriter.values[input]!.shape;
    const received = rewriter.valueLike(input, 'exchange senders', [axis(sendersSymbol(edges)), ...rest]);
    return [
      { kind: 'gather', input, endpoints: { edges, end: 'senders' }, output: received },
      use(received),
      { kind: 'drop', value: received },
    ];
  };
  return rewriter.finish((operation) => {
    if (operation.kind === 'gather' && operation.endpoints.end === 'senders')
      return exchange(operation.input, operation.endpoints.edges, (input) => ({ ...operation, input }));
    if (operation.kind === 'gatherAdd')
      return exchange(operation.senders, operation.edgeSet, (senders) => ({ ...operation, senders }));
    return [operation];
  });
}
