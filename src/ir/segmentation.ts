/**
 * Which blocks are recomputed, as a runtime reads a checkpoint plan. Processor segments are runs over the list
 * edge block 0, node block 0, edge block 1, … of the layers that lie between encoder and decoder frame.
 */
export interface Segmentation {
  /**
   * Which networks share a call frame. `physicsnemo`: the encoder's takes the first processor layer and all embedders but the
   * decoder's, the decoder's takes the last layer. `jax`: one frame per GNN. `tfjs`: as `jax`, with the mesh edge embedder
   * in the encoder's.
   */
  readonly frames: 'physicsnemo' | 'jax' | 'tfjs';
  readonly encoder: boolean;
  readonly decoder: boolean;
  readonly model: boolean;
  readonly rollout: boolean;
  /** Blocks per segment; absent: the processor is one frame that is not recomputed. */
  readonly processorBlocksPerSegment?: number;
  readonly edgeBlocks?: { readonly kind: 'scan' | 'loop'; readonly blocks: number };
}
