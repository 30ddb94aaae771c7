/**
 * anemoi's mapper chunks: receivers in consecutive runs of nearly equal length, each with all its incoming edges and the senders that
 * these touch (anemoi-models 0.19.0, distributed/khop_edges.py and balanced_partition.py).
 */

import { numGridNodes } from './grid.js';
import { type Edges, type GraphModel, grid2meshEdges } from './grid2mesh.js';
import { numMeshNodes } from './icosahedral-mesh.js';
import { mesh2gridEdges } from './mesh2grid.js';

export interface MapperChunk {
  readonly receivers: number;
  readonly edges: number;
  readonly senders: number;
}

/** The first `total % numChunks` chunks have one receiver more. */
export function balancedSizes(total: number, numChunks: number): readonly number[] {
  const base = Math.floor(total / numChunks);
  return Array.from({ length: numChunks }, (_, chunk) => base + (chunk < total % numChunks ? 1 : 0));
}

function cut(
  { senders, receivers }: Edges,
  numSenders: number,
  numReceivers: number,
  numChunks: number,
): MapperChunk[] {
  const sizes = balancedSizes(numReceivers, numChunks);
  const chunkOfReceiver = Int32Array.from(sizes.flatMap((size, chunk) => new Array<number>(size).fill(chunk)));
  const edges = new Int32Array(numChunks);
  const touched = Array.from({ length: numChunks }, () => new Uint8Array(numSenders));
  for (let edge = 0; edge < receivers.length; edge++) {
    const chunk = chunkOfReceiver[receivers[edge]!]!;
    edges[chunk]! += 1;
    touched[chunk]![senders[edge]!] = 1;
  }
  return sizes.map((size, chunk) => ({
    receivers: size,
    edges: edges[chunk]!,
    senders: touched[chunk]!.reduce((sum, flag) => sum + flag, 0),
  }));
}

export interface MapperChunks {
  readonly grid2mesh: readonly MapperChunk[];
  readonly mesh2grid: readonly MapperChunk[];
}

const remembered = new Map<string, MapperChunks>();

export function mapperChunks(model: GraphModel, numChunks: number): MapperChunks {
  const { latitudes, longitudes, kind } = model.grid;
  const key = [latitudes, longitudes, kind, model.meshLevel, model.radiusFraction, numChunks].join(' ');
  let chunks = remembered.get(key);
  if (chunks === undefined) {
    const [gridNodes, meshNodes] = [numGridNodes(model.grid), numMeshNodes(model.meshLevel)];
    chunks = {
      grid2mesh: cut(grid2meshEdges(model), gridNodes, meshNodes, numChunks),
      mesh2grid: cut(mesh2gridEdges(model), meshNodes, gridNodes, numChunks),
    };
    remembered.set(key, chunks);
  }
  return chunks;
}
