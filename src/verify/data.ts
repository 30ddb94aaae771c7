/**
 * A task with structure that costs nothing to make: fields on the sphere that turn about the axis at a constant rate. The network
 * reads them at one time and has to predict them a step later, so its loss falls only if messages carry information along edges.
 */
import type { Config } from '../config/types.js';
import type { EdgeSet } from '../ir/types.js';
import { graphModelOf } from '../models/counts.js';
import type { Counts } from '../models/dimensions.js';
import { gridPositions, gridRows } from '../topology/grid.js';
import { type Edges, grid2meshEdges } from '../topology/grid2mesh.js';
import { buildMesh } from '../topology/icosahedral-mesh.js';
import { mesh2gridEdges } from '../topology/mesh2grid.js';
import { edgeFeatures, nodeFeatures } from '../topology/structural-features.js';

export interface TaskData {
  readonly edges: Readonly<Record<EdgeSet, Edges>>;
  /** Rows of one sample, `[rows, columns]` flat, by the program's names; `rolloutStep` of targets counts from 0. */
  readonly features: Readonly<Record<`${EdgeSet}EdgeFeatures` | 'meshNodeFeatures', Float32Array>>;
  /** `[gridNodes, channels]` of sample `sample` at time `step`: the field that channel `c` shows. */
  readonly fields: (sample: number, step: number, numChannels: number) => Float32Array;
  /** cos latitude ÷ its mean, `[gridNodes]`. */
  readonly areaWeights: Float32Array;
  readonly counts: Counts;
}

/** Radians of longitude per model step. */
const turnPerStep = 0.3;

export function taskData({ model }: Pick<Config, 'model'>): TaskData {
  const mesh = buildMesh(model.meshLevel);
  const grid = gridPositions(model.grid);
  const edges = {
    grid2mesh: grid2meshEdges(graphModelOf(model)),
    mesh: { senders: mesh.multiMeshSenders, receivers: mesh.multiMeshReceivers },
    mesh2grid: mesh2gridEdges(model),
  };
  const { latitudes, cosLatitude, firstLongitude, longitudeStep } = gridRows(model.grid);
  const numLongitudes = model.grid.longitudes;
  const gridNodes = latitudes.length * numLongitudes;
  const meanCosine = cosLatitude.reduce((sum, cosine) => sum + cosine, 0) / cosLatitude.length;
  const fields = (sample: number, step: number, numChannels: number) => {
    const values = new Float32Array(gridNodes * numChannels);
    for (let node = 0; node < gridNodes; node++) {
      const row = Math.floor(node / numLongitudes);
      const longitude = firstLongitude + (node % numLongitudes) * longitudeStep - turnPerStep * step;
      for (let channel = 0; channel < numChannels; channel++) {
        const zonalWaves = 1 + (channel % 3);
        const phase = 0.7 * channel + 1.3 * sample;
        values[node * numChannels + channel] =
          cosLatitude[row]! ** zonalWaves * Math.cos(zonalWaves * longitude + phase) + 0.3 * Math.sin(latitudes[row]!);
      }
    }
    return values;
  };
  return {
    edges,
    features: {
      grid2meshEdgeFeatures: edgeFeatures(grid, mesh.positions, edges.grid2mesh),
      meshEdgeFeatures: edgeFeatures(mesh.positions, mesh.positions, edges.mesh),
      mesh2gridEdgeFeatures: edgeFeatures(mesh.positions, grid, edges.mesh2grid),
      meshNodeFeatures: nodeFeatures(mesh.positions),
    },
    fields,
    areaWeights: Float32Array.from(
      { length: gridNodes },
      (_, node) => cosLatitude[Math.floor(node / numLongitudes)]! / meanCosine,
    ),
    counts: {
      gridNodes,
      meshNodes: mesh.positions.length / 3,
      meshEdges: edges.mesh.senders.length,
      grid2meshEdges: edges.grid2mesh.senders.length,
      mesh2gridEdges: edges.mesh2grid.senders.length,
    },
  };
}

/** A batch as one graph: sample `b`'s node `n` is node `b · numNodes + n`. */
export function batchedEndpoints(nodes: Int32Array, numNodes: number, batchSize: number): Int32Array {
  const batched = new Int32Array(nodes.length * batchSize);
  for (let sample = 0; sample < batchSize; sample++)
    for (const [edge, node] of nodes.entries()) batched[sample * nodes.length + edge] = sample * numNodes + node;
  return batched;
}
