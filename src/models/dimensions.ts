import type { Config, Counts } from '../config/types.js';
import type { Dimensions } from '../ir/shape.js';
import { codeBaseOf } from './index.js';
import { numEdgeFeatures } from './layers/networks.js';

export type { Counts } from '../config/types.js';

/** The value of every symbol that a forward program's shapes use. */
export function dimensionsOf(config: Pick<Config, 'model' | 'recipe'>, counts: Counts): Dimensions {
  const { model, recipe } = config;
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
    // Width of an attention layer's hidden layers: halves round up (anemoi-models 0.19.0, layers/utils.py).
    mlpHiddenDim: Math.floor(hiddenDim * model.mlpRatio + 0.5),
    // What a gated layer's projections read per edge.
    nodeAndEdgeFeatures: hiddenDim + numEdgeFeatures,
    ...codeBaseOf(model.layout).dimensions?.(config, counts),
  };
}
