/** Values of the symbols in anemoi's shapes: widths that follow from its data, and the rows of every chunk of its mappers. */
import type { Config, Counts } from '../../config/types.js';
import type { Dimensions } from '../../ir/shape.js';
import { balancedSizes, type MapperChunks, mapperChunks } from '../../topology/mapper-chunks.js';
import { numTrainedFeatures } from './edges.js';
import { partRows } from './gnn-mapper.js';
import { pointers } from './graph.js';
import { chunkRows, type MapperEdges } from './mapper.js';
import { numCoordinates } from './program.js';

/** Outputs of its example that are not fed back. */
const numDiagnostic = 5;

type ModelAndRecipe = Pick<Config, 'model' | 'recipe'>;

export function dimensions({ model, recipe }: ModelAndRecipe, counts: Counts): Dimensions {
  const { inputChannels, outputChannels } = model;
  const prognosticChannels = Math.max(1, outputChannels - numDiagnostic);
  return {
    // Coordinates and trained features stand beside the variables of a grid node.
    encoderInput: inputChannels + numCoordinates + numTrainedFeatures,
    prognosticChannels,
    forcingChannels: Math.max(1, inputChannels / 2 - prognosticChannels),
    // Samples that get a copy of what all share: with one sample einops.repeat is a view.
    repeatedSamples: recipe.batchSize > 1 ? recipe.batchSize : 0,
    // Row pointer arrays: one more than the rows of the batch.
    [pointers('meshNodes')]: recipe.batchSize * counts.meshNodes + 1,
    [pointers('gridNodes')]: recipe.batchSize * counts.gridNodes + 1,
  };
}

/** Counted in the real graph. */
export function blockRows({ model, recipe }: ModelAndRecipe, base: Dimensions): Dimensions {
  const { edges } = recipe.checkpoint;
  if (edges.kind === 'none' || edges.blocks === 1) return {};
  if (model.layout === 'anemoi-gnn') return partDimensions(base, edges.blocks, recipe.batchSize);
  const graph = { ...model, maxNeighbours: Number.POSITIVE_INFINITY };
  return chunkDimensions(mapperChunks(graph, edges.blocks, recipe.batchSize));
}

/** The GNN cuts its edges as they come (torch.tensor_split). */
function partDimensions(counts: Dimensions, numParts: number, batchSize: number): Dimensions {
  const dimensions: Record<string, number> = {};
  for (const edges of mappers) {
    for (const [part, size] of balancedSizes(batchSize * counts[`${edges}Edges`]!, numParts).entries())
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
