/**
 * One stage of a pipeline: the part of a GraphCast-shaped model that lies on one card, as a module of PhysicsNeMo's own parts. The first
 * holds embedders and encoder, the last the decoder, the head and the loss, and those between them runs of processor layers; of two, each
 * takes half of the layers too. What a stage reads of others comes from the stage that made it: the encoder's grid nodes go straight to
 * the last one, as torch.distributed.pipelining sends skip connections (stage.py, `_create_act_send_info`, torch 2.13).
 */
import type { Model, Recipe } from '../../config/types.js';
import type { ForwardProgram, PipelineStage } from '../../ir/forward-program.js';
import type { Frame } from '../../ir/frame.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';
import type { GraphcastShape } from '../code-base.js';
import type { LayerState } from '../layers/interaction.js';
import type { LayerNetworks } from '../layers/networks.js';
import { declareTarget, lossOf } from '../layers/rollout.js';
import { graphcastProcessors } from '../layers/stateless-layers.js';
import { type Context, declareContext } from './context.js';
import { decoderFrame } from './decoder.js';
import { encoderFrame } from './encoder.js';
import { processorFrame } from './processor.js';

/** Stages that hold processor layers. */
const numRanges = (numStages: number): number => (numStages === 2 ? 2 : numStages - 2);

/** Layers `[first, end)` of a stage: as even as they divide, the first ranges one more. */
export function layersOfStage(numLayers: number, index: number, numStages: number): readonly [number, number] {
  const ranges = numRanges(numStages);
  const range = numStages === 2 ? index : index - 1;
  const firstOf = (each: number): number => {
    const before = Math.min(Math.max(each, 0), ranges);
    return before * Math.floor(numLayers / ranges) + Math.min(before, numLayers % ranges);
  };
  return [firstOf(range), firstOf(range + 1)];
}

interface Received {
  readonly nodes?: ValueId;
  /** Mesh edges, where the stage has layers that read them. */
  readonly edges?: ValueId;
  readonly grid?: ValueId;
}

export function pipelineStage(
  model: Model,
  recipe: Recipe,
  segmentation: Segmentation,
  shape: GraphcastShape,
  index: number,
  numStages: number,
): ForwardProgram {
  const frames = 'layersInEncoderAndDecoder';
  const context = declareContext(model, recipe, { ...segmentation, frames }, shape);
  const { builder, networks } = context;
  const isFirst = index === 0;
  const isLast = index === numStages - 1;
  const readsEdges = (stage: number): boolean => {
    const [first, end] = layersOfStage(model.layers, stage, numStages);
    return networks.embedMeshEdges !== undefined && end > first;
  };
  const [firstLayer, endLayer] = layersOfStage(model.layers, index, numStages);
  const layers = networks.layers.slice(firstLayer, endLayer);
  const received: Received = isFirst
    ? {}
    : {
        nodes: builder.received('mesh nodes', builder.rows('meshNodes', 'hiddenDim')),
        ...(readsEdges(index) && { edges: builder.received('mesh edges', builder.rows('meshEdges', 'hiddenDim')) }),
        ...(isLast && { grid: builder.received('grid nodes', builder.rows('gridNodes', 'hiddenDim')) }),
      };
  let sent: readonly ValueId[] = [];
  builder.call({ name: 'step' }, {}, (frame) => {
    const role = { kind: 'model', rolloutStep: 0 } as const;
    const spec = { name: `stage ${index}`, role, recomputed: segmentation.model };
    const results = builder.call(spec, { ...received }, (module) => {
      const { state, grid } = moduleBody(context, module, received, layers, firstLayer);
      if (isLast) return [decoderFrame(context, { nodes: state.nodes }, grid!, [], model.layers)];
      const edges = readsEdges(index + 1) ? state.edges : undefined;
      return [state.nodes, ...(edges === undefined ? [] : [edges]), ...(isFirst ? [grid!] : [])];
    });
    if (!isLast) {
      sent = results;
      return results;
    }
    const prediction = frame.set('prediction', results[0]!);
    builder.predictions.push(prediction);
    if (recipe.mode === 'train') builder.loss = lossOf(builder, prediction, declareTarget(builder, 0));
    return builder.loss === undefined ? [prediction] : [prediction, builder.loss];
  });
  const edgeSets = edgeSetsOf(isFirst, isLast, layers.length > 0);
  return ofStage(builder.finish(), { index, numStages, received: Object.values(received), sent, edgeSets }, model);
}

/** Embedders and encoder where nothing was received, then the layers. */
function moduleBody(
  context: Context,
  frame: Frame,
  received: Received,
  layers: readonly LayerNetworks[],
  firstLayer: number,
): { readonly state: LayerState; readonly grid: ValueId | undefined } {
  const [nodes, grid, edges] =
    received.nodes === undefined
      ? encoderFrame(context, context.gridInput, [])
      : [received.nodes, received.grid, received.edges];
  const hold = ({ nodes, edges }: LayerState): LayerState => {
    if (edges !== undefined) frame.set('edges', edges);
    frame.set('nodes', nodes);
    return { nodes, ...(edges !== undefined && { edges }) };
  };
  if (grid !== undefined) frame.set('grid', grid);
  const state = hold({ nodes: nodes!, ...(edges !== undefined && { edges }) });
  if (layers.length === 0) return { state, grid };
  return { state: hold(processorFrame(context, state.nodes, edges, layers, firstLayer)), grid };
}

const edgeSetsOf = (isFirst: boolean, isLast: boolean, hasLayers: boolean): readonly EdgeSet[] => [
  ...(isFirst ? (['grid2mesh'] as const) : []),
  ...(hasLayers ? (['mesh'] as const) : []),
  ...(isLast ? (['mesh2grid'] as const) : []),
];

/** Of the whole model's parameters and data those of the stage. */
function ofStage(program: ForwardProgram, stage: PipelineStage, { layers, processor }: Model): ForwardProgram {
  const readsFeatures = graphcastProcessors[processor]?.meshEdges === 'features';
  const { index, numStages, edgeSets } = stage;
  const isFirst = index === 0;
  const isLast = index === numStages - 1;
  const [firstLayer, endLayer] = layersOfStage(layers, index, numStages);
  const holdsNetwork = (network: string): boolean => {
    const layer = /^mesh\.(\d+)/.exec(network)?.[1];
    if (layer !== undefined) return Number(layer) >= firstLayer && Number(layer) < endLayer;
    return network.startsWith('mesh2grid.') ? isLast : isFirst;
  };
  const holdsData = (name: string): boolean => {
    if (name === 'mesh2gridEdgeFeatures' || name.startsWith('target')) return isLast;
    return isFirst || (name === 'meshEdgeFeatures' && readsFeatures && edgeSets.includes('mesh'));
  };
  return {
    ...program,
    parameters: program.parameters.filter(({ network }) => holdsNetwork(network)),
    data: Object.fromEntries(Object.entries(program.data).filter(([name]) => holdsData(name))),
    stage,
  };
}
