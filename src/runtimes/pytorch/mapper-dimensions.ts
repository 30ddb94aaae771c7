/** Rows of every chunk of anemoi's mappers, counted in the real graph. */
import type { Config } from '../../config/types.js';
import { pointers } from '../../program/anemoi/graph.js';
import { chunkRows, type MapperEdges } from '../../program/anemoi/mapper.js';
import type { Dimensions } from '../../program/shape.js';
import { type MapperChunks, mapperChunks } from '../../topology/mapper-chunks.js';

export function mapperDimensions({ model, recipe }: Config): Dimensions {
  const { edges } = recipe.checkpoint;
  if (model.layout !== 'anemoi-graphtransformer' || edges.kind === 'none' || edges.blocks === 1) return {};
  return chunkDimensions(mapperChunks(model, edges.blocks), recipe.batchSize);
}

export function chunkDimensions(chunks: MapperChunks, batchSize: number): Dimensions {
  const dimensions: Record<string, number> = {};
  for (const edges of ['grid2mesh', 'mesh2grid'] satisfies MapperEdges[]) {
    for (const [chunk, counts] of chunks[edges].entries()) {
      const rows = chunkRows(edges, chunk);
      dimensions[rows.edges] = counts.edges;
      for (const end of ['senders', 'receivers'] as const) {
        dimensions[rows[end]] = counts[end];
        dimensions[pointers(rows[end])] = batchSize * counts[end] + 1;
      }
    }
  }
  return dimensions;
}
