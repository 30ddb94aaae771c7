import { expect, test } from 'vitest';
import { buildMesh, longestEdge, numMeshNodes, refinedIcosahedron } from '../../src/topology/icosahedral-mesh.js';
import edges from '../data/edges.json' with { type: 'json' };

const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const meshFacts: Record<string, { nodes: number; faces: number; multimesh_edges: number; max_edge_chord?: number }> =
  edges.mesh;

test.each(LEVELS)('level %i as built has the nodes, faces and multi-mesh edges that GraphCast builds', (level) => {
  const facts = meshFacts[level]!;
  const mesh = buildMesh(level);
  expect(mesh.positions.length / 3).toBe(facts.nodes);
  expect(mesh.multiMeshSenders.length).toBe(facts.multimesh_edges);
  expect(mesh.multiMeshReceivers.length).toBe(facts.multimesh_edges);
  expect(refinedIcosahedron(level).facesByLevel.at(-1)!.length / 3).toBe(facts.faces);
});

test.each([1, 2, 3, 4, 5, 6])("the longest edge of level %i is GraphCast's to the last bit of float32", (level) => {
  expect(longestEdge(refinedIcosahedron(level))).toBe(Math.fround(meshFacts[level]!.max_edge_chord!));
});

test('every multi-mesh edge exists once in each direction, joins two different nodes and all nodes have an edge', () => {
  const { multiMeshSenders, multiMeshReceivers } = buildMesh(4);
  const numNodes = numMeshNodes(4);
  const directed = new Set(
    Array.from(multiMeshSenders, (sender, edge) => sender * numNodes + multiMeshReceivers[edge]!),
  );
  expect(directed.size).toBe(multiMeshSenders.length);
  const hasReverse = (sender: number, edge: number) => directed.has(multiMeshReceivers[edge]! * numNodes + sender);
  expect(multiMeshSenders.every(hasReverse)).toBe(true);
  expect(multiMeshSenders.every((sender, edge) => sender !== multiMeshReceivers[edge])).toBe(true);
  expect(new Set(multiMeshSenders).size).toBe(numNodes);
});

test('nodes lie on the unit sphere, at different places, and a finer mesh keeps the nodes of the coarser', () => {
  const coarse = buildMesh(4).positions;
  const fine = buildMesh(5).positions;
  expect(fine.subarray(0, coarse.length)).toEqual(coarse);
  const places = new Set<string>();
  let farthestOff = 0;
  for (let at = 0; at < fine.length; at += 3) {
    const [x, y, z] = [fine[at]!, fine[at + 1]!, fine[at + 2]!];
    farthestOff = Math.max(farthestOff, Math.abs(Math.hypot(x, y, z) - 1));
    places.add(`${x.toFixed(4)} ${y.toFixed(4)} ${z.toFixed(4)}`);
  }
  expect(places.size).toBe(numMeshNodes(5));
  expect(farthestOff).toBeLessThan(2e-7);
});

test('a face lies flat on each pole', () => {
  const { positions } = buildMesh(0);
  const heights = Array.from({ length: 12 }, (_, node) => positions[3 * node + 2]!).sort((a, b) => b - a);
  expect(heights[0]! - heights[2]!).toBeLessThan(1e-6);
  expect(heights[9]! - heights[11]!).toBeLessThan(1e-6);
  expect(heights[2]! - heights[3]!).toBeGreaterThan(0.5);
});
