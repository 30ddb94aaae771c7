/** The graphs that the code bases build, as rules: how many nodes and edges, and how large they would be before anything is built. */
import type { Counts, Model } from '../config/types.js';
import { icosahedralCounts, roughNumGrid2meshEdges } from '../topology/counts.js';
import { h3Counts, numH3MeshEdges } from '../topology/h3.js';

/** `processor` and `own` say whether the network reads the mesh's edges: one that does not has none. */
export type Geometry = Pick<Model, 'layout' | 'grid' | 'meshLevel' | 'mesh' | 'radiusFraction'> &
  Partial<Pick<Model, 'processor' | 'own'>>;

/** The largest edge set, without a query. */
interface RoughEdges {
  readonly numEdges: number;
  readonly set: 'grid2mesh' | 'mesh';
  /** What makes it smaller. */
  readonly next: string;
  /** The most edges, where the graph is laid edge by edge instead of counted; absent: `maximumEdges`. */
  readonly maximum?: number;
}

export interface GraphRules {
  readonly counts: (model: Geometry) => Counts;
  readonly roughEdges: (model: Geometry) => RoughEdges;
  /** Mesh neighbours of one grid node at most. */
  readonly maxNeighbours: number;
}

/** GraphCast's multi-mesh. `maxNeighbours`: the nearest mesh nodes of a grid node that are looked at, before the radius; all by default. */
export const icosahedralGraph = (maxNeighbours = Number.POSITIVE_INFINITY, nearestSines?: true): GraphRules => ({
  counts: (model) => icosahedralCounts({ ...model, maxNeighbours, ...(nearestSines && { nearestSines }) }),
  roughEdges: (model) => ({
    numEdges: roughNumGrid2meshEdges({ ...model, maxNeighbours }),
    set: 'grid2mesh',
    next: '--radius-fraction 0.6',
  }),
  maxNeighbours,
});

/** The radius query of GraphCast's encoder, around the edges of the finest mesh alone: 30·4^m edges, in both directions. */
export const finestMeshGraph: GraphRules = {
  ...icosahedralGraph(),
  counts: (model) => ({
    ...icosahedralCounts({ ...model, maxNeighbours: Number.POSITIVE_INFINITY }),
    meshEdges: 60 * 4 ** model.meshLevel,
  }),
};

/** H3 cells, `meshLevel` their resolution: no radius. */
export const h3Graph: GraphRules = {
  counts: ({ grid, meshLevel }) => h3Counts(grid, meshLevel),
  roughEdges: ({ meshLevel }) => ({ numEdges: numH3MeshEdges(meshLevel), set: 'mesh', next: '--mesh-level 5' }),
  maxNeighbours: 1,
};
