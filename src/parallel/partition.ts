/**
 * The real graph over W ranks. Nodes: recursive coordinate bisection of the points on the sphere (Berger & Bokhari 1987), the longest
 * side of the bounding box cut at the median each time, by as many nodes as ranks on either side; ties by node number, so that the
 * answer is always the same. Edges follow their receiver; the senders that a rank does not own are its halo.
 */
import type { Counts } from '../models/dimensions.js';
import { gridPositions } from '../topology/grid.js';
import { type Edges, type GraphModel, grid2meshEdges } from '../topology/grid2mesh.js';
import { buildMesh } from '../topology/icosahedral-mesh.js';
import { mesh2gridEdges } from '../topology/mesh2grid.js';

/** Sender rows that a rank's edges gather from, its own and others', and how many of them it receives. */
export interface RankCounts extends Counts {
  readonly grid2meshSenders: number;
  readonly meshSenders: number;
  readonly mesh2gridSenders: number;
  readonly grid2meshHalo: number;
  readonly meshHalo: number;
  readonly mesh2gridHalo: number;
}

export class Bisection {
  /** Of 1, 2, 4, 8 … ranks, the most asked for so far: as many again halve each of them. */
  private halves: readonly Uint32Array[];

  constructor(private readonly positions: Float64Array) {
    this.halves = [this.allNodes()];
  }

  /** Of every node, `[nodes]`. */
  owners(numRanks: number): Uint16Array {
    const isOfHalves = Number.isInteger(Math.log2(numRanks)) && numRanks >= this.halves.length;
    const known = isOfHalves ? this.halves : [this.allNodes()];
    const parts = known.flatMap((nodes) => this.cut(nodes, numRanks / known.length));
    if (isOfHalves) this.halves = parts;
    const owner = new Uint16Array(this.positions.length / 3);
    for (const [rank, nodes] of parts.entries()) for (const node of nodes) owner[node] = rank;
    return owner;
  }

  private allNodes(): Uint32Array {
    return new Uint32Array(this.positions.length / 3).map((_, node) => node);
  }

  private cut(nodes: Uint32Array, ranks: number): readonly Uint32Array[] {
    if (ranks === 1) return [nodes];
    const { positions } = this;
    const along = longestSide(positions, nodes);
    const below = Math.floor(ranks / 2);
    const at = Math.round((nodes.length * below) / ranks);
    select(nodes, at, (a, b) => positions[3 * a + along]! - positions[3 * b + along]! || a - b);
    return [...this.cut(nodes.subarray(0, at), below), ...this.cut(nodes.subarray(at), ranks - below)];
  }
}

/** Reorders so that what is before `at` comes first in the total order (Hoare's quickselect). */
function select(nodes: Uint32Array, at: number, compare: (a: number, b: number) => number): void {
  let low = 0;
  let high = nodes.length - 1;
  while (low < high) {
    const pivot = nodes[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (compare(nodes[i]!, pivot) < 0) i++;
      while (compare(nodes[j]!, pivot) > 0) j--;
      if (i > j) break;
      [nodes[i], nodes[j]] = [nodes[j]!, nodes[i]!];
      i++;
      j--;
    }
    if (at <= j) high = j;
    else if (at >= i) low = i;
    else return;
  }
}

function longestSide(positions: Float64Array, nodes: Uint32Array): number {
  let best = 0;
  let bestLength = -1;
  for (let axis = 0; axis < 3; axis++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const node of nodes) {
      const value = positions[3 * node + axis]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > bestLength) [best, bestLength] = [axis, high - low];
  }
  return best;
}

function nodesPerRank(owner: Uint16Array, numRanks: number): readonly number[] {
  const counts = new Array<number>(numRanks).fill(0);
  for (const rank of owner) counts[rank]! += 1;
  return counts;
}

interface EdgesPerRank {
  readonly edges: readonly number[];
  /** Distinct senders of a rank's edges. */
  readonly senders: readonly number[];
  /** Those of them that another rank owns. */
  readonly halo: readonly number[];
}

export function edgesPerRank(
  { senders, receivers }: Edges,
  senderOwner: Uint16Array,
  receiverOwner: Uint16Array,
  numRanks: number,
): EdgesPerRank {
  const edges = new Array<number>(numRanks).fill(0);
  const distinct = new Array<number>(numRanks).fill(0);
  const halo = new Array<number>(numRanks).fill(0);
  const seen = new Uint8Array(senderOwner.length * numRanks);
  for (let edge = 0; edge < senders.length; edge++) {
    const sender = senders[edge]!;
    const rank = receiverOwner[receivers[edge]!]!;
    edges[rank]! += 1;
    const place = sender * numRanks + rank;
    if (seen[place] === 1) continue;
    seen[place] = 1;
    distinct[rank]! += 1;
    if (senderOwner[sender] !== rank) halo[rank]! += 1;
  }
  return { edges, senders: distinct, halo };
}

interface Graph {
  readonly meshNodes: Bisection;
  readonly gridNodes: Bisection;
  readonly grid2mesh: Edges;
  readonly mesh: Edges;
  readonly mesh2grid: Edges;
}

function buildGraph(model: GraphModel): Graph {
  const { positions, multiMeshSenders, multiMeshReceivers } = buildMesh(model.meshLevel);
  return {
    meshNodes: new Bisection(positions),
    gridNodes: new Bisection(gridPositions(model.grid)),
    grid2mesh: grid2meshEdges(model),
    mesh: { senders: multiMeshSenders, receivers: multiMeshReceivers },
    mesh2grid: mesh2gridEdges(model),
  };
}

/** The graph met last: a search asks for it at several numbers of ranks. */
let latest: { readonly key: string; readonly graph: Graph } | undefined;
const remembered = new Map<string, readonly RankCounts[]>();

/** Rows of every node and edge set and of every halo, rank by rank. */
export function partition(model: GraphModel, numRanks: number): readonly RankCounts[] {
  const key = JSON.stringify([model.grid, model.meshLevel, model.radiusFraction, model.maxNeighbours]);
  let ranks = remembered.get(`${key} ${numRanks}`);
  if (ranks === undefined) {
    if (latest?.key !== key) latest = { key, graph: buildGraph(model) };
    ranks = partitionGraph(latest.graph, numRanks);
    remembered.set(`${key} ${numRanks}`, ranks);
  }
  return ranks;
}

function partitionGraph(graph: Graph, numRanks: number): readonly RankCounts[] {
  const meshOwner = graph.meshNodes.owners(numRanks);
  const gridOwner = graph.gridNodes.owners(numRanks);
  const grid2mesh = edgesPerRank(graph.grid2mesh, gridOwner, meshOwner, numRanks);
  const inMesh = edgesPerRank(graph.mesh, meshOwner, meshOwner, numRanks);
  const mesh2grid = edgesPerRank(graph.mesh2grid, meshOwner, gridOwner, numRanks);
  const meshNodes = nodesPerRank(meshOwner, numRanks);
  return nodesPerRank(gridOwner, numRanks).map((gridNodes, rank) => ({
    gridNodes,
    meshNodes: meshNodes[rank]!,
    meshEdges: inMesh.edges[rank]!,
    grid2meshEdges: grid2mesh.edges[rank]!,
    mesh2gridEdges: mesh2grid.edges[rank]!,
    grid2meshSenders: grid2mesh.senders[rank]!,
    meshSenders: inMesh.senders[rank]!,
    mesh2gridSenders: mesh2grid.senders[rank]!,
    grid2meshHalo: grid2mesh.halo[rank]!,
    meshHalo: inMesh.halo[rank]!,
    mesh2gridHalo: mesh2grid.halo[rank]!,
  }));
}
