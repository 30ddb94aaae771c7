/** What every part of a GraphCast-shaped model reads: networks, data and how the recipe cuts it. */
import type { Model, Recipe } from '../../config/types.js';
import { ProgramBuilder } from '../../ir/builder.js';
import { edgeRows } from '../../ir/row-shapes.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { ValueId } from '../../ir/types.js';
import type { GraphcastShape } from '../code-base.js';
import { callMlp } from '../layers/mlp.js';
import { declareNetworks, type Networks, numEdgeFeatures } from '../layers/networks.js';

export interface Context {
  readonly builder: ProgramBuilder;
  readonly model: Model;
  readonly networks: Networks;
  readonly recipe: Recipe;
  readonly segmentation: Segmentation;
  readonly edgeFeatures: Readonly<Record<'grid2mesh' | 'mesh' | 'mesh2grid', ValueId>>;
  readonly meshNodeFeatures: ValueId;
  readonly gridInput: ValueId;
  /** DeepMind adds the edge residual after the node update, which sums the messages alone; PhysicsNeMo before it. */
  readonly edgeResidualLast: boolean;
}

/** Parameters and data of the whole model. */
export function declareContext(
  model: Model,
  recipe: Recipe,
  segmentation: Segmentation,
  shape: GraphcastShape,
): Context {
  const builder = new ProgramBuilder();
  const networks = declareNetworks(builder, model, shape, recipe.concatTrick !== 'off');
  const data = declareData(builder, shape);
  const gridInput = builder.input('gridInput', builder.rows('gridNodes', 'inputChannels'));
  return {
    builder,
    model,
    networks,
    recipe,
    segmentation,
    gridInput,
    edgeResidualLast: shape.edgeResidualLast,
    ...data,
  };
}

function declareData(
  builder: ProgramBuilder,
  { meshNodeInput }: GraphcastShape,
): Pick<Context, 'edgeFeatures' | 'meshNodeFeatures'> {
  const features = (edges: 'grid2mesh' | 'mesh' | 'mesh2grid') =>
    builder.input(`${edges}EdgeFeatures`, builder.rows(edgeRows(edges), 'one', numEdgeFeatures));
  return {
    edgeFeatures: { grid2mesh: features('grid2mesh'), mesh: features('mesh'), mesh2grid: features('mesh2grid') },
    meshNodeFeatures: builder.input(
      'meshNodeFeatures',
      builder.rows('meshNodes', meshNodeInput.symbol, meshNodeInput.factor),
    ),
  };
}

/** Calls an embedder MLP of nodes or edges. */
export function embed(
  context: Context,
  network: keyof Networks & `embed${string}`,
  of: 'embedGridNodes' | 'embedMeshNodes' | 'embedEdges',
  input: ValueId,
  recomputed = false,
): ValueId {
  const { builder, networks, recipe } = context;
  const { recomputeActivation } = recipe;
  return callMlp(builder, networks[network]!, input, { of, recomputeActivation, recomputed });
}

/** Embedded mesh edges, `[meshEdges, hiddenDim]`, where the processor reads them. */
export function embedMeshEdges(context: Context): ValueId | undefined {
  if (context.networks.embedMeshEdges === undefined) return undefined;
  return embed(context, 'embedMeshEdges', 'embedEdges', context.edgeFeatures.mesh);
}
