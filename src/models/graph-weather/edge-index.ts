/** Node numbers of the edges, made anew in every step. */
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, constant, type Shape } from '../../ir/shape.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';

/** `[2, edges]` of the batch: shifted per sample twice over, then joined. */
export function edgeIndex(builder: ProgramBuilder, set: EdgeSet): ValueId {
  const [result] = builder.call({ name: `${set} edge index` }, {}, () => {
    const integers = (shape: Shape, name: string, inputs: readonly ValueId[]) =>
      builder.emit(shape, name, { kind: 'integers', inputs });
    const shape = [constant(2), axis(`${set}Edges`), axis('batch')];
    const largest = integers(builder.scalar(), 'largest node', []);
    const offset = integers(builder.scalar(), 'offset', [largest]);
    const once = integers(shape, 'shifted once', [offset]);
    return [integers(shape, 'edge index of the batch', [integers(shape, 'shifted twice', [once])])];
  });
  return result!;
}
