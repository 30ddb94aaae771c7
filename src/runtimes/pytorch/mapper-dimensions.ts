/** Rows of every chunk of anemoi's mappers, counted in the real graph. */
import type { Config } from '../../config/types.js';
import type { Dimensions } from '../../ir/shape.js';
import { partRows } from '../../models/anemoi/gnn-mapper.js';
import { pointers } from '../../models/anemoi/graph.js';
import { chunkRows, type MapperEdges } from '../../models/anemoi/mapper.js';
import { balancedSizes, type MapperChunks, mapperChunks } from '../../topology/mapper-chunks.js';

export function mapperDimensions({ model, recipe }: Config, counts: Dimensions): Dimensions {
  const { edges } = recipe.checkpoint;
  if (edges.kind === 'none' || edges.blocks === 1) return {};
  if (model.layout === 'anemoi-gnn') return partDimensions(counts, edges.blocks, recipe.batchSize);
  if (model.layout !== 'anemoi-graphtransformer') return {};
  return chunkDimensions(mapperChunks(model, edges.blocks, recipe.batchSize));
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
