/** NVIDIA's GraphCastNet (NVIDIA/physicsnemo 94b3551): GraphCast's networks in PyTorch. */
import { assetFile } from '../../config/assets.js';
import { runtimeNames } from '../../config/choices.js';
import type { KindOfRows } from '../../config/grid.js';
import type { CheckpointPlan, Model } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { constant } from '../../ir/shape.js';
import { roundedSines } from '../../topology/float32-sines.js';
import { type GridConvention, linspaceOfPoles } from '../../topology/grid.js';
import type { CodeBase, GraphcastShape } from '../code-base.js';
import { jaxLines } from '../graphcast/lines.js';
import { graphcastProgram } from '../graphcast/program.js';
import { pipelineStage } from '../graphcast/stage.js';
import { icosahedralGraph } from '../graphs.js';
import { numNodeFeatures } from '../layers/networks.js';
import { graphcastProcessors } from '../layers/stateless-layers.js';
import { configurationLines } from './lines.js';
import { physicsnemoRefusals } from './refusals.js';

/** PhysicsNeMo lays its own linspace over whatever number of rows it is given (`graph_cast_net.py`). */
export const gridKind = 'physicsnemo';
export const kindOfRows: KindOfRows = () => gridKind;

/** linspace(-180, 180, longitudes + 1) without its first. */
const gridConvention: GridConvention = {
  latitudeOfRow: linspaceOfPoles,
  firstLongitude: (stepDegrees) => stepDegrees - 180,
  sines: roundedSines,
};

const graphcastShape: GraphcastShape = {
  meshNodeInput: constant(numNodeFeatures),
  declaresMeshNodeUpdate: false,
  edgeResidualLast: false,
};

/** In every constructor call. */
const fixedRadiusFraction = 0.6;
/** The first layer goes with the encoder, the last with the decoder. */
const minimumLayers = 3;

/** models/graphcast/utils/graph.py: they bind from fractions of about √3/2, a triangle's height, where two triangles' corners come in reach. */
const nearestMeshNodes = 4;

/** Blocks per segment in its list of edge and node blocks: where two cuts agree in it, they are the same. */
function blocksPerSegment(processor: CheckpointPlan['processor'], { layers }: Model): string {
  const inner = 2 * Math.max(0, layers - 2);
  switch (processor.kind) {
    case 'none':
      return 'none';
    case 'every':
      return String(Math.min(inner, 2 * processor.layers));
    case 'segments':
      return String(Math.min(inner, inner / processor.segments));
  }
}

export const physicsnemo: CodeBase = {
  name: 'physicsnemo',
  pythonPackages: ['nvidia-physicsnemo'],
  // NVIDIA/physicsnemo, README: an NVIDIA GPU and CUDA.
  needsNvidia: true,
  layouts: {
    physicsnemo: {
      label: "PhysicsNeMo's GraphCastNet",
      home: 'pytorch',
      runtimes: runtimeNames,
      options: ['radius-fraction', 'processor', 'concat-trick', 'recompute-activation'],
      processor: 'interaction',
      processors: graphcastProcessors,
      edgeBlocks: ['jax', 'tfjs'],
    },
  },
  graph: icosahedralGraph(nearestMeshNodes),
  kindOfRows,
  ownGrid: { kind: gridKind, ...gridConvention },
  graphcastShape,
  program: (model, recipe, segmentation) => graphcastProgram(model, recipe, segmentation, graphcastShape),
  stage: (model, recipe, segmentation, index, numStages) =>
    pipelineStage(model, recipe, segmentation, graphcastShape, index, numStages),
  checkModel({ layers }) {
    if (layers >= minimumLayers) return;
    throw new InputError(
      'too-few-layers',
      `--layers ${layers}: PhysicsNeMo's GraphCastNet needs at least ${minimumLayers} processor layers.`,
      [`--layers ${minimumLayers}`],
    );
  },
  modelNotes: ({ radiusFraction }) =>
    radiusFraction === fixedRadiusFraction
      ? []
      : [`PhysicsNeMo fixes the radius fraction at ${fixedRadiusFraction}: another one needs a change of its code.`],
  recipeNotes: ({ batchSize }) =>
    batchSize > 1 ? [`PhysicsNeMo's model takes one sample per GPU: nobody runs batch ${batchSize}.`] : [],
  processorCuts: { segmentsFirst: true, key: blocksPerSegment },
  // Who runs these networks in JAX runs DeepMind's code.
  lines: { jax: jaxLines, pytorch: configurationLines, tfjs: configurationLines },
  imports: {
    what: 'PhysicsNeMo',
    load: async () => [(await import('./import.js')).physicsnemo],
  },
  exports: {
    profile: () => 'physicsnemo-graphcast',
    load: async () => (await import('./export.js')).exporter,
  },
  checkpoints: async () => [(await import('./grow.js')).physicsnemoCheckpoint],
  ownStep: assetFile('models/physicsnemo/step.py'),
  refusals: physicsnemoRefusals,
};
