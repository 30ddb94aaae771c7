/** Values of the symbols in anemoi's shapes: widths that follow from its data, and the rows of every chunk of its mappers. */
import type { Config, Counts, Model } from '../../config/types.js';
import { inBlocksOf8, inBlocksOf32, offBlocksOf8 } from '../../ir/row-shapes.js';
import { type Dimensions, numElements } from '../../ir/shape.js';
import {
  balancedSizes,
  type MapperChunk,
  type MapperChunks,
  mapperChunks,
  meshBlocks,
} from '../../topology/mapper-chunks.js';
import { datasetChannels, forecasts } from './crps.js';
import { numCoordinates, numTrainedFeatures } from './edges.js';
import { partRows } from './gnn-mapper.js';
import { pointers } from './graph.js';
import { chunkRows, type MapperEdges } from './mapper.js';
import { hasCoarsestEdges, joinsByEdges, networkOptions, readsMeshEdges } from './options.js';
import { meshBlockRows } from './processor.js';
import { parameterShapes, wrapsInDdp } from './program.js';
import { rowsInWindow } from './row-transformer.js';
import {
  allRows,
  connectedSenders,
  graphOfCard,
  meshWithHalo,
  numCards,
  type OwnGraph,
  rowsOfAll,
  sharedDimensions,
} from './sharding.js';

/** Rows of a bias and of sums of the memory-efficient kernel, in whole blocks. */
function blocksOf(rows: string, count: number): Dimensions {
  const upTo = (size: number) => Math.ceil(count / size) * size;
  return {
    [inBlocksOf32(rows)]: upTo(32),
    [inBlocksOf8(rows)]: upTo(8),
    [offBlocksOf8(rows)]: count % 8 === 0 ? 0 : count,
  };
}

/** Rows that a row with a window looks at. */
function windowsOf(model: Model, counts: Counts): Dimensions {
  const { windowSize, mapperWindowSize } = networkOptions(model);
  return {
    [rowsInWindow('processor')]: Math.min(counts.meshNodes, 2 * windowSize + 1),
    [rowsInWindow('grid2mesh')]: Math.min(counts.gridNodes, 2 * mapperWindowSize + 1),
    [rowsInWindow('mesh2grid')]: Math.min(counts.meshNodes, 2 * mapperWindowSize + 1),
  };
}

type ModelAndRecipe = Pick<Config, 'model' | 'recipe'>;

export function dimensions(config: ModelAndRecipe, counts: Counts): Dimensions {
  const ofNetworks = networkDimensions(config, counts);
  if (!wrapsInDdp(config.model, config.recipe)) return ofNetworks;
  return { ...ofNetworks, parameterElements: numParameterElements(config, { ...counts, ...ofNetworks }) };
}

function numParameterElements({ model, recipe }: ModelAndRecipe, known: Dimensions): number {
  const { hiddenDim, inputChannels, outputChannels, mlpRatio } = model;
  const mlpHiddenDim = Math.floor(hiddenDim * mlpRatio + 0.5);
  const sizes = { one: 1, hiddenDim, inputChannels, outputChannels, mlpHiddenDim, ...known };
  return parameterShapes(model, recipe).reduce((sum, shape) => sum + numElements(shape, sizes), 0);
}

function networkDimensions({ model, recipe }: ModelAndRecipe, counts: Counts): Dimensions {
  const { inputChannels, outputChannels } = model;
  const { diagnosticChannels } = networkOptions(model);
  const prognosticChannels = Math.max(1, outputChannels - diagnosticChannels);
  const samples = recipe.batchSize * (recipe.ensemble ?? 1);
  return {
    batch: samples,
    [forecasts]: recipe.batchSize,
    [datasetChannels]: Math.floor(inputChannels / 2) + diagnosticChannels,
    // Coordinates and trained features stand beside the variables of a grid node; with noise, which step of the forecast it is.
    encoderInput: inputChannels + numCoordinates + numTrainedFeatures + (recipe.ensemble === undefined ? 0 : 1),
    headDim: model.hiddenDim / model.heads,
    ...windowsOf(model, counts),
    ...blocksOf('meshNodes', counts.meshNodes),
    ...blocksOf('gridNodes', counts.gridNodes),
    ...(numCards(recipe) > 1 && allRows(counts)),
    prognosticChannels,
    forcingChannels: Math.max(1, inputChannels / 2 - prognosticChannels),
    // Samples that get a copy of what all share: with one sample einops.repeat is a view.
    repeatedSamples: samples > 1 ? samples : 0,
    // Row pointer arrays: one more than the rows of the batch.
    [pointers('meshNodes')]: samples * counts.meshNodes + 1,
    [pointers('gridNodes')]: samples * counts.gridNodes + 1,
  };
}

/** Counted in the real graph; a card of several has its own. */
export const blockRows = (config: ModelAndRecipe, base: Dimensions): Dimensions =>
  numCards(config.recipe) > 1 ? {} : { ...mapperRows(config, base), ...processorRows(config) };

/** What this model's networks read of the graph. */
export const readsOfGraph = (model: Model) => ({
  readsMeshEdges: readsMeshEdges(model.processor),
  hasEdges: joinsByEdges(networkOptions(model).mapper),
});

/** `all`: of the whole graph. */
export function dimensionsOfCard(config: ModelAndRecipe, all: Counts, card: number): Dimensions {
  const { model, recipe } = config;
  const reads = readsOfGraph(model);
  const own = graphOfCard(config, all, card, reads);
  const shared = sharedDimensions(config, all, card, reads);
  return {
    ...own.counts,
    ...dimensions(config, own.counts),
    ...shared,
    ...windowsOf(model, all),
    ...(wrapsInDdp(model, recipe) && { parameterElements: dimensions(config, all).parameterElements! }),
    ...blocksOf(rowsOfAll('meshNodes', recipe.gpus), all.meshNodes),
    ...blocksOf(rowsOfAll('gridNodes', recipe.gpus), all.gridNodes),
    ...Object.fromEntries(
      [...mappers.map(connectedSenders), meshWithHalo].flatMap((rows) =>
        shared[rows] === undefined ? [] : [[pointers(rows), shared[rows] + 1]],
      ),
    ),
    ...chunksOfCard(config, own),
  };
}

function chunksOfCard({ model, recipe }: ModelAndRecipe, { grid2mesh, mesh2grid, mesh, counts }: OwnGraph): Dimensions {
  const { mapper } = networkOptions(model);
  const { edges, processorBlocks = 1 } = recipe.checkpoint;
  const blocks = edges.kind === 'none' ? 1 : edges.blocks;
  return {
    ...(blocks > 1 && mapper === 'gnn' && partDimensions({ ...counts }, blocks, 1)),
    ...(blocks > 1 &&
      mapper === 'graphtransformer' &&
      chunkDimensions({ grid2mesh: grid2mesh.chunks, mesh2grid: mesh2grid.chunks })),
    ...(processorBlocks > 1 && mesh && meshBlockDimensions(mesh.chunks)),
  };
}

function processorRows({ model, recipe }: ModelAndRecipe): Dimensions {
  const { processorBlocks = 1 } = recipe.checkpoint;
  if (processorBlocks === 1) return {};
  return meshBlockDimensions(meshBlocks(model, processorBlocks, recipe.batchSize, hasCoarsestEdges(model)));
}

function meshBlockDimensions(blocks: readonly MapperChunk[]): Dimensions {
  const dimensions: Record<string, number> = {};
  for (const [block, counts] of blocks.entries()) {
    const rows = meshBlockRows(block);
    dimensions[rows.edges] = counts.edges;
    dimensions[rows.receivers] = counts.receivers;
  }
  return dimensions;
}

function mapperRows({ model, recipe }: ModelAndRecipe, base: Dimensions): Dimensions {
  const { edges } = recipe.checkpoint;
  const { mapper } = networkOptions(model);
  if (edges.kind === 'none' || edges.blocks === 1 || !joinsByEdges(mapper)) return {};
  const samples = recipe.batchSize * (recipe.ensemble ?? 1);
  if (mapper === 'gnn') return partDimensions(base, edges.blocks, samples);
  if (model.counts !== undefined) return chunkDimensions(evenChunks(model.counts, edges.blocks, samples));
  const graph = { ...model, maxNeighbours: Number.POSITIVE_INFINITY, nearestSines: true } as const;
  return chunkDimensions(mapperChunks(graph, edges.blocks, samples));
}

/** Of a graph of one's own the counts alone are known: every chunk has its share, and rows that two of them touch count once. */
function evenChunks(counts: Counts, numChunks: number, samples: number): MapperChunks {
  const shares = (total: number) => balancedSizes(samples * total, numChunks);
  const chunks = (numEdges: number, numSenders: number, numReceivers: number) => {
    const [edges, senders, receivers] = [shares(numEdges), shares(numSenders), shares(numReceivers)];
    return edges.map((each, chunk) => ({ edges: each, senders: senders[chunk]!, receivers: receivers[chunk]! }));
  };
  const { gridNodes, meshNodes, grid2meshEdges, mesh2gridEdges } = counts;
  return {
    grid2mesh: chunks(grid2meshEdges, gridNodes, meshNodes),
    mesh2grid: chunks(mesh2gridEdges, meshNodes, gridNodes),
  };
}

/** The GNN cuts its edges as they come (torch.tensor_split). */
function partDimensions(counts: Dimensions, numParts: number, samples: number): Dimensions {
  const dimensions: Record<string, number> = {};
  for (const edges of mappers) {
    for (const [part, size] of balancedSizes(samples * counts[`${edges}Edges`]!, numParts).entries())
      dimensions[partRows(edges, part)] = size;
  }
  return dimensions;
}

const mappers: readonly MapperEdges[] = ['grid2mesh', 'mesh2grid'];

function chunkDimensions(chunks: MapperChunks): Dimensions {
  const dimensions: Record<string, number> = {};
  for (const edges of mappers) {
    for (const [chunk, counts] of chunks[edges].entries()) {
      const rows = chunkRows(edges, chunk);
      dimensions[rows.edges] = counts.edges;
      for (const end of ['senders', 'receivers'] as const) {
        dimensions[rows[end]] = counts[end];
        dimensions[pointers(rows[end])] = counts[end] + 1;
      }
    }
  }
  return dimensions;
}
