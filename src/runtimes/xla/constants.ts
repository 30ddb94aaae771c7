/**
 * Constants inside the executable: node numbers of every edge's ends (int32) and the structural features. With one sample XLA
 * folds the copies and the padding that the first products read into the constant; with more it keeps the plain features.
 * A recomputed network or loop has its own copy of what it reads. Not part of XLA's arena, and not in `peakLiveBytes`.
 */
import type { CheckpointPlan, Config } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import { axis, constant, type Shape } from '../../ir/shape.js';
import { numEdgeFeatures, numNodeFeatures } from '../../models/layers/networks.js';
import { gemmOf } from './gemm.js';
import { paddedColumns, paddedRows } from './symbols.js';

export interface ConstantArray {
  readonly name: string;
  readonly shape: Shape;
  readonly elementBytes: number;
}

const edgeSets = ['grid2mesh', 'mesh', 'mesh2grid'] as const;
const numEnds = 2;

export function constantsOf(
  { recipe, device }: Pick<Config, 'recipe' | 'device'>,
  { data, residents = [] }: Pick<ForwardProgram, 'data' | 'residents'>,
): ConstantArray[] {
  const { elementBytes, padding } = gemmOf({ recipe, device });
  const { checkpoint } = recipe;
  const folded = recipe.batchSize === 1;
  const indices = (edges: string): ConstantArray => ({
    name: `ends of ${edges}`,
    shape: [axis(edges), constant(numEnds)],
    elementBytes: 4,
  });
  const edgeFeatures = (edges: string, fold = folded): ConstantArray => ({
    name: `features of ${edges}`,
    shape: fold
      ? [paddedRows(edges), constant(Math.max(numEdgeFeatures, padding))]
      : [axis(edges), constant(numEdgeFeatures)],
    elementBytes,
  });
  const nodeFeatures = (rows: string): ConstantArray => ({
    name: `features of ${rows}`,
    shape: [axis(rows), constant(numNodeFeatures)],
    elementBytes,
  });
  const meshNodes: ConstantArray =
    folded && 'meshNodeFeatures' in data
      ? {
          name: 'input rows of meshNodes',
          shape: [paddedRows('meshNodes'), paddedColumns(axis('inputChannels'))],
          elementBytes,
        }
      : nodeFeatures('meshNodes');
  const all = edgeSets.filter((set) => `${set}EdgeFeatures` in data).map((set) => `${set}Edges`);
  const arrays = [
    ...all.map(indices),
    ...all.map((edges) => edgeFeatures(edges)),
    meshNodes,
    nodeFeatures('gridNodes'),
  ];
  if (recipe.rolloutSteps > 1)
    arrays.push(...all.map(indices), ...all.map((edges) => edgeFeatures(edges, false)), nodeFeatures('gridNodes'));
  // Slices of a scan are cut from constants of their own: the node numbers, padded to whole slices.
  const copy = checkpoint.edges.kind === 'scan' ? indices : (edges: string) => edgeFeatures(edges);
  arrays.push(...recomputedSets(checkpoint).map(copy));
  if (checkpoint.processor.kind !== 'none') arrays.push(indices('meshEdges'));
  for (const resident of residents) if (resident.kind === 'constant') arrays.push(resident);
  return arrays;
}

function recomputedSets({ encoder, decoder, model }: CheckpointPlan): string[] {
  if (model) return edgeSets.map((set) => `${set}Edges`);
  return [...(encoder ? ['grid2meshEdges'] : []), ...(decoder ? ['mesh2gridEdges'] : [])];
}
