/** One edge set as a layer reads it, and the sorted indices of anemoi's Triton kernel (anemoi-models 0.19.0, triton/utils.py). */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, type Shape } from '../../ir/shape.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';
import type { LayerGraph } from '../layers/attention.js';

export interface GraphSpec {
  readonly edges: EdgeSet;
  readonly index: ValueId;
  readonly senderRows: string;
  readonly receiverRows: string;
}

export function layerGraph(
  builder: ProgramBuilder,
  { edges, index, senderRows, receiverRows }: GraphSpec,
  backend: Model['attentionBackend'],
): LayerGraph {
  const edgeRows = builder.values[index]!.shape[1]!.symbol;
  return {
    senders: { edges, end: 'senders', index },
    receivers: { edges, end: 'receivers', index },
    receiverRows,
    ...(backend === 'triton' && {
      sortedIndices: () => sortedIndices(builder, index, { edgeRows, senderRows, receiverRows }),
    }),
  };
}

/** The symbol of a row pointer array: one more than the rows. */
export const pointers = (rows: string): string => `${rows}Pointers`;

interface Rows {
  readonly edgeRows: string;
  readonly senderRows: string;
  readonly receiverRows: string;
}

/** Pointers by receiver and by sender, and the order by sender; each sort hands back the sorted numbers and their order. */
function sortedIndices(builder: ProgramBuilder, index: ValueId, rows: Rows): readonly ValueId[] {
  const edgeShape: Shape = [axis(rows.edgeRows), builder.rowShapes.samplesOf(rows.edgeRows)];
  const integers = (shape: Shape, name: string) => builder.emit(shape, name, { kind: 'integers', inputs: [index] });
  return [
    ...builder.call({ name: 'sort edges' }, { index }, (frame) => {
      const byReceiver = frame.set('byReceiver', integers([axis(pointers(rows.receiverRows))], 'receiver pointers'));
      frame.set('sorted', integers(edgeShape, 'sorted senders'));
      frame.set('unused', integers(edgeShape, 'order of the sort'));
      const bySender = frame.set('bySender', integers([axis(pointers(rows.senderRows))], 'sender pointers'));
      integers(edgeShape, 'sorted senders again');
      const order = frame.set('order', integers(edgeShape, 'order by sender'));
      return [byReceiver, bySender, order];
    }),
    index,
  ];
}
