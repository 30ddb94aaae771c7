/**
 * PhysicsNeMo's checkpoint segments (models/graphcast/graph_cast_net.py, 94b3551): the encoder's takes the embedders and the
 * first processor layer, the decoder's the last layer and the head, the processor is a list of edge and node blocks.
 */
import type { Config } from '../../config/types.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { codeBaseOf } from '../../models/index.js';

export function segmentPyTorch({ model, recipe }: Config): Segmentation {
  const { checkpoint } = recipe;
  const numInnerBlocks = 2 * Math.max(0, model.layers - 2);
  const base = {
    // Stages of a pipeline take encoder, layers and decoder apart; the mesh edge embedder goes with the encoder.
    frames: recipe.gpus > 1 && recipe.parallel === 'pipeline' ? 'networkWithMeshEdges' : 'layersInEncoderAndDecoder',
    encoder: checkpoint.encoder,
    decoder: checkpoint.decoder,
    model: checkpoint.model,
    rollout: checkpoint.rollout && recipe.rolloutSteps > 1,
    longRollout: 'repeated',
    ...(checkpoint.edges.kind !== 'none' && { edgeBlocks: checkpoint.edges }),
    ...(checkpoint.processorBlocks !== undefined && { processorBlocks: checkpoint.processorBlocks }),
  } as const;
  switch (checkpoint.processor.kind) {
    case 'none':
      return base;
    case 'every':
      return { ...base, processorBlocksPerSegment: 2 * checkpoint.processor.layers };
    case 'segments':
      return { ...base, processorBlocksPerSegment: numInnerBlocks / checkpoint.processor.segments };
  }
}

/** Segments larger than what lies between the encoder's and the decoder's frame are one. */
export function cutsOf(config: Config): Segmentation {
  const segmentation = segmentPyTorch(config);
  const { frames, processorBlocksPerSegment } = segmentation;
  const { layout, layers } = config.model;
  const isBetween = frames === 'layersInEncoderAndDecoder' && codeBaseOf(layout).graphcastShape !== undefined;
  if (processorBlocksPerSegment === undefined || !isBetween) return segmentation;
  return {
    ...segmentation,
    processorBlocksPerSegment: Math.min(processorBlocksPerSegment, 2 * Math.max(0, layers - 2)),
  };
}
