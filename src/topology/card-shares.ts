/**
 * One graph over several cards as anemoi cuts it (anemoi-models 0.19.0, distributed/khop_edges.py, halo.py): receivers in consecutive runs
 * of nearly equal length in the order of their numbers, each with its incoming edges; the run of a card may be cut again into chunks.
 */
import { graphKey } from './counts.js';
import type { GraphModel } from './grid2mesh.js';
import { numMeshNodes } from './icosahedral-mesh.js';
import { balancedSizes, type Mapper, type MapperChunk, mapperOf, mappersOf, multiMeshEdges } from './mapper-chunks.js';

/** A card's receivers, their edges and the senders that these touch, whole and in chunks. */
export interface CardShare extends MapperChunk {
  readonly chunks: readonly MapperChunk[];
}

export interface MeshShare extends CardShare {
  /** Rows of other cards that the card's edges read, by the card that has them; and its own rows that others read. */
  readonly haloFrom: readonly number[];
  readonly haloTo: readonly number[];
}

function runs(total: number, numRuns: number, offset = 0): readonly (readonly [first: number, end: number])[] {
  let end = offset;
  return balancedSizes(total, numRuns).map((size) => {
    const first = end;
    end += size;
    return [first, end] as const;
  });
}

function sharesOf({ countRange, numReceivers }: Mapper, numCards: number, numChunks: number): readonly CardShare[] {
  const chunk = ([first, end]: readonly [number, number]) => ({ receivers: end - first, ...countRange(first, end) });
  return runs(numReceivers, numCards).map(([first, end]) => ({
    ...chunk([first, end]),
    chunks: runs(end - first, numChunks, first).map(chunk),
  }));
}

export interface MapperShares {
  readonly grid2mesh: readonly CardShare[];
  readonly mesh2grid: readonly CardShare[];
}

const remembered = new Map<string, MapperShares>();

export function mapperShares(model: GraphModel, numCards: number, numChunks: number): MapperShares {
  const key = `${graphKey(model)} ${model.meshLevel} ${numCards} ${numChunks}`;
  let shares = remembered.get(key);
  if (shares === undefined) {
    const { grid2mesh, mesh2grid } = mappersOf(model);
    shares = {
      grid2mesh: sharesOf(grid2mesh, numCards, numChunks),
      mesh2grid: sharesOf(mesh2grid, numCards, numChunks),
    };
    remembered.set(key, shares);
  }
  return shares;
}

/** Of a multi-mesh, whose edges go both ways: what a card reads of another one is read of it as well. */
export function meshShares(
  { meshLevel, hasCoarsest }: { readonly meshLevel: number; readonly hasCoarsest: boolean },
  numCards: number,
  numChunks: number,
): readonly MeshShare[] {
  const { senders, receivers } = multiMeshEdges(meshLevel, hasCoarsest);
  const numNodes = numMeshNodes(meshLevel);
  const owner = new Uint16Array(numNodes);
  for (const [card, [first, end]] of runs(numNodes, numCards).entries()) owner.fill(card, first, end);
  const haloFrom = Array.from({ length: numCards }, () => new Array<number>(numCards).fill(0));
  const readBy = new Uint8Array(numNodes * numCards);
  for (const [edge, sender] of senders.entries()) {
    const card = owner[receivers[edge]!]!;
    const place = sender * numCards + card;
    if (owner[sender] === card || readBy[place] === 1) continue;
    readBy[place] = 1;
    haloFrom[card]![owner[sender]!]! += 1;
  }
  return sharesOf(mapperOf({ senders, receivers }, numNodes, numNodes), numCards, numChunks).map((share, card) => ({
    ...share,
    haloFrom: haloFrom[card]!,
    haloTo: haloFrom.map((ofOther) => ofOther[card]!),
  }));
}
