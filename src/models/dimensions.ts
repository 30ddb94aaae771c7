import type { Config, Counts } from '../config/types.js';
import type { Dimensions } from '../ir/shape.js';
import { numEdgeFeatures } from './layers/networks.js';

export type { Counts } from '../config/types.js';

/** The value of every symbol that a forward program's shapes use. */
export function dimensionsOf({ model, recipe }: Pick<Config, 'model' | 'recipe'>, counts: Counts): Dimensions {
  const { hiddenDim, inputChannels, outputChannels, heads, grid } = model;
  // Rows and columns of a graph of one's own are not known: cell areas then have a number per node.
  const { latitudes, longitudes } = model.counts ? { latitudes: counts.gridNodes, longitudes: 1 } : grid;
  return {
    one: 1,
    batch: recipe.batchSize,
    hiddenDim,
    inputChannels,
    outputChannels,
    heads,
    latitudes,
    longitudes,
    ...counts,
    // Width of anemoi's hidden layers: halves round up (anemoi-models 0.19.0, layers/utils.py).
    mlpHiddenDim: Math.floor(hiddenDim * model.mlpRatio + 0.5),
    // Samples that get a copy of what all share: with one sample einops.repeat is a view.
    repeatedSamples: recipe.batchSize > 1 ? recipe.batchSize : 0,
    // What a gated layer's projections read per edge.
    nodeAndEdgeFeatures: hiddenDim + numEdgeFeatures,
    // anemoi's encoder reads 4 coordinates and 8 trained features beside the variables; 5 of its example's outputs are diagnostic.
    encoderInput: inputChannels + 12,
    prognosticChannels: Math.max(1, outputChannels - 5),
    forcingChannels: Math.max(1, inputChannels / 2 - Math.max(1, outputChannels - 5)),
    // graph_weather: grid and mesh nodes together; its decoder's edges are 256 wide whatever the hidden dimension.
    allNodes: counts.gridNodes + counts.meshNodes,
    decoderEdgeInput: 2 * hiddenDim + 256,
    decoderNodeInput: hiddenDim + 256,
    // Row pointer arrays: one more than the rows of the batch.
    meshNodesPointers: recipe.batchSize * counts.meshNodes + 1,
    gridNodesPointers: recipe.batchSize * counts.gridNodes + 1,
  };
}
