/**
 * anemoi's mapper chunks: receivers in consecutive runs of nearly equal length, each with all its incoming edges and the senders that
 * these touch (anemoi-models 0.19.0, distributed/khop_edges.py and balanced_partition.py). A batch is one graph, so that chunks are cut
 * across its samples.
 */

import { graphKey } from './counts.js';
import { numGridNodes } from './grid.js';
import { type Edges, type GraphModel, grid2meshEdges } from './grid2mesh.js';
import { buildMesh, numMeshNodes } from './icosahedral-mesh.js';
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

/** One graph of `batchSize` samples in chunks: each is the end of one sample, whole samples, and the beginning of another. */
function cut({ countRange, numReceivers }: Mapper, numChunks: number, batchSize: number): MapperChunk[] {
  const wholeSample = countRange(0, numReceivers);
  let first = 0;
  return balancedSizes(batchSize * numReceivers, numChunks).map((receivers) => {
    const chunk = { receivers, edges: 0, senders: 0 };
    const end = first + receivers;
    while (first < end) {
      const sample = Math.floor(first / numReceivers) * numReceivers;
      const until = Math.min(end, sample + numReceivers);
      const isWhole = until - first === numReceivers;
      const part = isWhole ? wholeSample : countRange(first - sample, until - sample);
      chunk.edges += part.edges;
      chunk.senders += part.senders;
      first = until;
    }
    return chunk;
  });
}

export interface Mapper {
  readonly numReceivers: number;
  /** Incoming edges of the receivers `[first, end)` of one sample, and the senders that these touch. */
  readonly countRange: (first: number, end: number) => Omit<MapperChunk, 'receivers'>;
}

export function mapperOf({ senders, receivers }: Edges, numSenders: number, numReceivers: number): Mapper {
  const firstEdge = new Int32Array(numReceivers + 1);
  // Millions of edges: an iterator makes an object for each.
  for (let edge = 0; edge < receivers.length; edge++) firstEdge[receivers[edge]! + 1]! += 1;
  for (let receiver = 0; receiver < numReceivers; receiver++) firstEdge[receiver + 1]! += firstEdge[receiver]!;
  const next = firstEdge.slice();
  const sendersByReceiver = new Int32Array(senders.length);
  for (let edge = 0; edge < senders.length; edge++) sendersByReceiver[next[receivers[edge]!]!++] = senders[edge]!;
  const touchedIn = new Int32Array(numSenders);
  let range = 0;
  const countRange = (first: number, end: number) => {
    range++;
    const [from, to] = [firstEdge[first]!, firstEdge[end]!];
    let touched = 0;
    for (let edge = from; edge < to; edge++) {
      const sender = sendersByReceiver[edge]!;
      if (touchedIn[sender] !== range) touched++;
      touchedIn[sender] = range;
    }
    return { edges: to - from, senders: touched };
  };
  return { numReceivers, countRange };
}

export interface MapperChunks {
  readonly grid2mesh: readonly MapperChunk[];
  readonly mesh2grid: readonly MapperChunk[];
}

const icosahedronNodes = 12;

/** A multi-mesh's edges; `hasCoarsest`: the icosahedron's own 60 among them. */
export function multiMeshEdges(meshLevel: number, hasCoarsest: boolean): Edges {
  const { multiMeshSenders, multiMeshReceivers } = buildMesh(meshLevel);
  // Two of the first twelve nodes are joined by an edge of the icosahedron alone: finer ones end at a midpoint.
  const kept = (_: number, edge: number) =>
    hasCoarsest || multiMeshSenders[edge]! >= icosahedronNodes || multiMeshReceivers[edge]! >= icosahedronNodes;
  return { senders: multiMeshSenders.filter(kept), receivers: multiMeshReceivers.filter(kept) };
}

/** Blocks of a multi-mesh's edges by their receivers. */
export function meshBlocks(
  { meshLevel }: Pick<GraphModel, 'meshLevel'>,
  numBlocks: number,
  batchSize = 1,
  hasCoarsest = true,
) {
  const meshNodes = numMeshNodes(meshLevel);
  return cut(mapperOf(multiMeshEdges(meshLevel, hasCoarsest), meshNodes, meshNodes), numBlocks, batchSize);
}

const remembered = new Map<string, MapperChunks>();

export interface Mappers {
  readonly graph: string;
  readonly grid2mesh: Mapper;
  readonly mesh2grid: Mapper;
}

/** Of one graph, 40 MB at a quarter of a degree: laying its edges takes seconds, cutting them milliseconds, and a search cuts one graph often. */
let lastMappers: Mappers | undefined;

export function mappersOf(model: GraphModel): Mappers {
  const graph = `${graphKey(model)} ${model.meshLevel}`;
  if (lastMappers?.graph === graph) return lastMappers;
  const meshNodes = model.mesh === undefined ? numMeshNodes(model.meshLevel) : numGridNodes(model.mesh);
  const gridNodes = numGridNodes(model.grid);
  lastMappers = {
    graph,
    grid2mesh: mapperOf(grid2meshEdges(model), gridNodes, meshNodes),
    mesh2grid: mapperOf(mesh2gridEdges(model), meshNodes, gridNodes),
  };
  return lastMappers;
}

export function mapperChunks(model: GraphModel, numChunks: number, batchSize = 1): MapperChunks {
  const key = `${graphKey(model)} ${model.meshLevel} ${numChunks} ${batchSize}`;
  let chunks = remembered.get(key);
  if (chunks === undefined) {
    const { grid2mesh, mesh2grid } = mappersOf(model);
    chunks = {
      grid2mesh: cut(grid2mesh, numChunks, batchSize),
      mesh2grid: cut(mesh2grid, numChunks, batchSize),
    };
    remembered.set(key, chunks);
  }
  return chunks;
}
