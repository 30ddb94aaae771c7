/** The forward program of a GraphCast-shaped model: encoder, processor, decoder and loss, one or several rollout steps. */
import type { Model, Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { ValueId } from '../../ir/types.js';
import type { GraphcastShape } from '../code-base.js';
import { declareTarget, lossOf, timesOfSteps } from '../layers/rollout.js';
import { type Context, declareContext } from './context.js';
import { decoderFrame } from './decoder.js';
import { encoderFrame } from './encoder.js';
import { processorFrame } from './processor.js';

export function graphcastProgram(
  model: Model,
  recipe: Recipe,
  segmentation: Segmentation,
  shape: GraphcastShape,
): ForwardProgram {
  const context = declareContext(model, recipe, segmentation, shape);
  const { builder, gridInput } = context;
  const training = recipe.mode === 'train';
  builder.call({ name: 'step' }, {}, (frame) => {
    frame.set('state', gridInput);
    for (const [rolloutStep, times] of timesOfSteps(recipe, segmentation).entries()) {
      // A forecast keeps the prediction of every step: its list of them is what the loop is for.
      const name = training ? 'prediction' : `prediction ${rolloutStep}`;
      const prediction = frame.set(name, modelFrame(context, frame.locals.get('state')!, rolloutStep, times));
      builder.predictions.push(prediction);
      if (training) {
        const loss = frame.set('stepLoss', lossOf(builder, prediction, declareTarget(builder, rolloutStep)));
        const total = frame.locals.get('total');
        frame.set('total', total === undefined ? loss : builder.add(total, loss, 'sum losses'));
      }
      frame.set('state', prediction);
    }
    builder.loss = frame.locals.get('total');
    return builder.loss === undefined ? builder.predictions : [builder.loss];
  });
  return builder.finish();
}

/** `[gridNodes, inputChannels] → [gridNodes, outputChannels]` */
function modelFrame(context: Context, input: ValueId, rolloutStep: number, times: number): ValueId {
  const { builder, networks, segmentation } = context;
  const { layers } = networks;
  const withLayers = segmentation.frames === 'layersInEncoderAndDecoder';
  const inEncoder = withLayers ? layers.slice(0, 1) : [];
  const inDecoder = withLayers ? layers.slice(Math.max(1, layers.length - 1)) : [];
  const inner = layers.slice(inEncoder.length, layers.length - inDecoder.length);
  const recomputed = segmentation.model || segmentation.rollout;
  const role = { kind: 'model', rolloutStep } as const;
  const [prediction] = builder.call({ name: 'model', role, recomputed, times }, { input }, (frame) => {
    const [nodes, grid, edges] = encoderFrame(context, input, inEncoder);
    frame.set('nodes', nodes!);
    frame.set('grid', grid!);
    if (edges !== undefined) frame.set('edges', edges);
    const state = processorFrame(context, nodes!, edges, inner, inEncoder.length);
    if (state.edges !== undefined) frame.set('edges', state.edges);
    frame.set('nodes', state.nodes);
    return [decoderFrame(context, state, grid!, inDecoder, layers.length - inDecoder.length)];
  });
  return prediction!;
}
