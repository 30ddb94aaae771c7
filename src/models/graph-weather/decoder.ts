/** Decoder: one block over grid and mesh nodes together, whose grid nodes start from zeros, then the output layer. */

import type { ValueId } from '../../ir/types.js';
import { callMlp } from '../layers/mlp.js';
import { runBlock } from './block.js';
import { type Context, edgeIndex, forEverySample, relu, split } from './context.js';

/** `[gridNodes, outputChannels]` */
export function decoder(context: Context, processed: ValueId, input: ValueId): ValueId {
  const { builder, networks, features, gridNodes, fine, segmentation } = context;
  const spec = {
    name: 'decoder',
    role: { kind: 'decoder' },
    module: 'mesh2grid',
    recomputed: segmentation.decoder && !fine,
  } as const;
  const [result] = builder.call(spec, { processed }, (outer) => {
    const [rows] = builder.call({ name: 'decode' }, { processed }, (frame) => {
      const edges = callMlp(builder, networks.embedEdges.mesh2grid, features.mesh2grid, relu('embedEdges', fine));
      frame.set('edges', edges);
      const ofAll = frame.set('edges', forEverySample(builder, edges, 'mesh2grid'));
      // The name of the new edges, let go of next after that of the embedded ones.
      frame.set('_', ofAll);
      const index = frame.set('index', edgeIndex(builder, 'mesh2grid'));
      const all = builder.join([processed, gridNodes], builder.rows('allNodes', 'hiddenDim'), 'concat');
      frame.set('features', all);
      const call = { name: 'block', index, edgeSet: 'mesh2grid', rows: 'allNodes', layer: 0 } as const;
      const state = runBlock(context, networks.decoder, { nodes: all, edges: ofAll }, call);
      frame.set('out', state.nodes);
      frame.set('_', state.edges);
      const decoded = frame.set('out', callMlp(builder, networks.head, state.nodes, relu('head', fine)));
      return [split(builder, decoded, 'gridNodes', 'meshNodes')];
    });
    outer.set('out', rows!);
    return [outer.set('out', builder.add(rows!, input, 'input residual'))];
  });
  return result!;
}
