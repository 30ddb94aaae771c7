/**
 * How GenCast's attention cuts the mesh (google-deepmind/graphcast 08cf736, sparse_transformer.py): nodes in reverse Cuthill-McKee order, so
 * that a node and all that it looks at lie in one block or in neighbouring ones. The mask is the adjacency matrix with itself to the power k.
 */
import type { Counts, Model } from '../../config/types.js';
import type { Dimensions } from '../../ir/shape.js';

export const attentionOf = ({ own }: Pick<Model, 'own'>) => (own?.attention === 'mha' ? 'mha' : 'triblockdiag');
export const hopsOf = ({ own }: Pick<Model, 'own'>): number => Number(own?.kHop);

/**
 * Rows of a block: the mask's bandwidth and the diagonal. Around the first node a ring of the mesh has 5 nodes more than the one before it, so
 * that k hops lead k·(5·2^m + 1) rows away; behind 2^m hops they reach rings that shrink again, until they reach everything. Equal to what
 * reverse Cuthill-McKee and the mask really have on meshes 1 to 5, for 1 to 64 hops (tests/models/gencast/blocks.test.ts).
 */
export function blockSize(meshLevel: number, hops: number): number {
  const side = 2 ** meshLevel;
  const numNodes = 10 * side ** 2 + 2;
  let block = Math.min(hops, side) * (5 * side + 1) + 1;
  for (let further = 1; further <= hops - side && block < numNodes; further++) {
    const fewer = further <= side ? 1.5 : -0.5;
    block += Math.max(1, Math.ceil(5 * side + fewer - 2.5 * further));
  }
  return Math.min(numNodes, block);
}

/** Values of the symbols of attention: rows of a block, how many blocks, padded rows, pairs of rows that are multiplied. */
export function attentionDimensions({ model }: { readonly model: Model }, { meshNodes }: Counts): Dimensions {
  if (attentionOf(model) === 'mha')
    return { attentionBlock: meshNodes, attentionBlocks: 1, attentionRows: meshNodes, attentionPairs: meshNodes ** 2 };
  const block = Math.min(meshNodes, blockSize(model.meshLevel, hopsOf(model)));
  const blocks = Math.ceil(meshNodes / block);
  return {
    attentionBlock: block,
    attentionBlocks: blocks,
    attentionRows: blocks * block,
    attentionPairs: 3 * blocks * block * block,
  };
}
