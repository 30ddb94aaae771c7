/** The mesh transformer (google-deepmind/graphcast 08cf736, sparse_transformer.py): its options, the layers, and a norm behind the last. */

import { choice, integer } from '../../config/option-value.js';
import type { Model } from '../../config/types.js';
import type { ValueId } from '../../ir/types.js';
import type { OwnOption } from '../code-base.js';
import { callMlp } from '../layers/mlp.js';
import { attentionOf, hopsOf } from './blocks.js';
import type { ConditionParameters, TransformerLayer } from './networks.js';
import { condition, type TransformerContext } from './program.js';

/** Options of the mesh transformer. */
export const attentionOptions: readonly OwnOption[] = [
  {
    name: 'attention',
    key: 'attention',
    value: { ...choice('triblockdiag', 'mha'), others: 'splash_mha, the code’s default, runs on TPU only' },
    default: 'triblockdiag',
    help: 'How mesh nodes look at each other: in blocks, three of them for each (triblockdiag_mha), or all at all (mha). splash_mha runs on TPU only.',
  },
  {
    name: 'k-hop',
    key: 'kHop',
    value: integer(1, 256, '16'),
    default: 16,
    help: 'How many mesh edges a node looks far. Blocks grow linearly with it, and what is multiplied with its square.',
  },
];

export const attentionText = (model: Pick<Model, 'own'>): readonly string[] => [
  attentionOf(model) === 'mha' ? 'mha' : `${hopsOf(model)} hops`,
];

export const attentionNotes = (model: Pick<Model, 'own'>): readonly string[] =>
  attentionOf(model) === 'mha'
    ? [
        '--attention mha multiplies all mesh nodes with all others: --k-hop changes what the mask lets through, and no array’s size.',
      ]
    : [];

/** `[meshNodes, hiddenDim] → [meshNodes, hiddenDim]` */
export function transformer(context: TransformerContext, nodes: ValueId): ValueId {
  const { builder, networks, segmentation } = context;
  const spec = { name: 'transformer', role: { kind: 'processor' }, module: 'mesh' } as const;
  const [result] = builder.call(spec, { nodes }, (frame) => {
    const { layers } = networks;
    const perSegment = segmentation.processorBlocksPerSegment;
    // A layer is two blocks of a plan, as an edge and a node block are of GraphCast's.
    const layersPerSegment = perSegment === undefined ? layers.length : perSegment / 2;
    let now = nodes;
    for (let first = 0; first < layers.length; first += layersPerSegment) {
      const role = { kind: 'processorSegment', index: first / layersPerSegment } as const;
      const segment = { name: `layers ${first}…`, role, recomputed: perSegment !== undefined };
      const [end] = builder.call(segment, { nodes: now }, (inner) => {
        let state = now;
        for (const [offset, layer] of layers.slice(first, first + layersPerSegment).entries())
          state = inner.set('nodes', transformerLayer(context, layer, state, first + offset));
        return [state];
      });
      now = frame.set('nodes', end!);
    }
    return [normed(context, now, networks.finalNorm)];
  });
  return result!;
}

function transformerLayer(
  context: TransformerContext,
  layer: TransformerLayer,
  nodes: ValueId,
  index: number,
): ValueId {
  const { builder } = context;
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer: index } as const;
  const [result] = builder.call({ name: `mesh layer ${index}`, role, module: 'mesh' }, { nodes }, (frame) => {
    const attended = attention(context, layer, normed(context, nodes, layer.attentionNorm));
    const sum = frame.set('nodes', builder.add(nodes, attended, 'attention residual'));
    const call = { of: 'nodes', activation: 'gelu-tanh', recomputeActivation: false } as const;
    const update = callMlp(builder, layer.feedForward, normed(context, sum, layer.feedForwardNorm), call);
    return [builder.add(sum, update, 'feed-forward residual')];
  });
  return result!;
}

/** Blocks are full: rows of zeros stand behind the last node, and are cut off again. */
function attention(
  { builder, attention: variant }: TransformerContext,
  layer: TransformerLayer,
  nodes: ValueId,
): ValueId {
  const { shape } = builder.values[nodes]!;
  const blockRows = builder.rows('attentionRows', 'hiddenDim');
  const inBlocks =
    variant === 'mha' ? nodes : builder.emit(blockRows, 'nodes in blocks', { kind: 'resizeRows', input: nodes });
  const [query, key, value] = (['query', 'key', 'value'] as const).map((name) =>
    builder.linear(inBlocks, layer[name], name),
  );
  const rows = builder.emit(builder.values[query!]!.shape, 'attention', {
    kind: 'blockAttention',
    query: query!,
    key: key!,
    value: value!,
    variant,
  });
  const projected = builder.linear(rows, layer.projection, 'projection');
  return variant === 'mha' ? projected : builder.emit(shape, 'nodes', { kind: 'resizeRows', input: projected });
}

function normed(context: TransformerContext, nodes: ValueId, parameters: ConditionParameters): ValueId {
  const { builder } = context;
  const rows = builder.emit(builder.values[nodes]!.shape, 'layer norm', { kind: 'normalize', input: nodes });
  return condition(context, rows, parameters);
}
