/**
 * Which blocks are recomputed, as a runtime reads a checkpoint plan. Processor segments are runs over the list
 * edge block 0, node block 0, edge block 1, … of the layers that lie between encoder and decoder frame.
 */
export interface Segmentation {
  /**
   * Which networks share a call frame. `layersInEncoderAndDecoder` (PhysicsNeMo): the encoder's takes the first processor layer and
   * all embedders but the decoder's, the decoder's takes the last layer. `network` (DeepMind): one frame per GNN.
   * `networkWithMeshEdges`: one frame per GNN, with the mesh edge embedder in the encoder's.
   */
  readonly frames: 'layersInEncoderAndDecoder' | 'network' | 'networkWithMeshEdges';
  readonly encoder: boolean;
  readonly decoder: boolean;
  readonly model: boolean;
  readonly rollout: boolean;
  /**
   * How the steps of a long rollout are written; absent: each. `loop`: they are turns of a loop, whose body is compiled once. `repeated`: the
   * middle ones are alike, and one stands for all.
   */
  readonly longRollout?: 'loop' | 'repeated';
  /** Blocks per segment; absent: the processor is one frame that is not recomputed. */
  readonly processorBlocksPerSegment?: number;
  /** In a forecast the edges of every processor layer run in that many blocks. */
  readonly processorBlocks?: number;
  readonly edgeBlocks?: { readonly kind: 'scan' | 'loop'; readonly blocks: number };
}
