/** torch_geometric's MetaLayer with the updates of graph_weather 1.0.146 (models/layers/). */
import type { ProgramBuilder } from '../../ir/builder.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';
import { callMlp } from '../layers/mlp.js';
import { type Context, relu } from './context.js';
import type { Block } from './networks.js';

export interface State {
  readonly nodes: ValueId;
  readonly edges: ValueId;
}

interface BlockCall {
  readonly name: string;
  readonly index: ValueId;
  readonly edgeSet: EdgeSet;
  readonly rows: string;
  readonly layer: number;
}

/** Edge update from both ends, then node update from the sum of incoming edges. */
export function runBlock({ builder, fine }: Context, networks: Block, state: State, call: BlockCall): State {
  const { index, edgeSet, rows, layer } = call;
  const senders = { edges: edgeSet, end: 'senders', index } as const;
  const receivers = { edges: edgeSet, end: 'receivers', index } as const;
  const spec = { name: call.name, role: { kind: 'nodeBlock', edgeSet, layer }, recomputed: fine } as const;
  const [nodes, edges] = builder.call(spec, { ...state, index }, (frame) => {
    const from = builder.gather(state.nodes, senders, 'gather senders');
    const to = builder.gather(state.nodes, receivers, 'gather receivers');
    const [updated] = builder.call({ name: 'edges' }, { from, to, edges: state.edges }, (inner) => {
      const width = networks.edges.input;
      const shape = builder.rows(`${edgeSet}Edges`, width.symbol, width.factor);
      const joined = builder.join([from, to, state.edges], shape, 'concat');
      inner.set('out', joined);
      return [
        addInPlace(builder, inner.set('out', callMlp(builder, networks.edges, joined, relu('edges'))), state.edges),
      ];
    });
    frame.set('edges', updated!);
    const [newNodes] = builder.call({ name: 'nodes' }, { nodes: state.nodes, edges: updated! }, (inner) => {
      const sum = inner.set('out', builder.segmentSum(updated!, receivers, rows, 'sum incoming edges'));
      const width = networks.nodes.input;
      const joined = builder.join([state.nodes, sum], builder.rows(rows, width.symbol, width.factor), 'concat');
      inner.set('out', joined);
      return [
        addInPlace(builder, inner.set('out', callMlp(builder, networks.nodes, joined, relu('nodes'))), state.nodes),
      ];
    });
    frame.set('nodes', newNodes!);
    return [newNodes!, updated!];
  });
  return { nodes: nodes!, edges: edges! };
}

const addInPlace = (builder: ProgramBuilder, left: ValueId, right: ValueId): ValueId =>
  builder.emit(builder.values[left]!.shape, 'residual', { kind: 'add', left, right, inPlace: true });
