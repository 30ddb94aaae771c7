/** Whole numbers that anemoi derives from its graph in every step (anemoi-models 0.19.0, distributed/khop_edges.py). */
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';

export const integers = (
  builder: ProgramBuilder,
  shape: Shape,
  name: string,
  inputs: readonly ValueId[] = [],
): ValueId => builder.emit(shape, name, { kind: 'integers', inputs });

/** Edges per chunk from the receivers' degrees; counted twice, for the ranks (one) and for the chunks. */
export function countDegrees(
  builder: ProgramBuilder,
  { edges, receivers }: { readonly edges: string; readonly receivers: string },
  numParts: number,
): void {
  builder.call({ name: 'count edges' }, {}, (frame) => {
    const [degrees] = builder.call({ name: 'degrees' }, {}, () => {
      const zeros = integers(builder, [axis(receivers), axis('batch')], 'degrees');
      integers(builder, [axis(edges), axis('batch')], 'ones');
      return [zeros];
    });
    frame.set('degrees', degrees!);
    for (let part = 0; part < numParts; part++) transient(builder, builder.scalar(), 'edges of a part');
    return [];
  });
}

/** Whole numbers that nobody keeps. */
export function transient(builder: ProgramBuilder, shape: Shape, name: string): void {
  builder.call({ name }, {}, () => {
    integers(builder, shape, name);
    return [];
  });
}
