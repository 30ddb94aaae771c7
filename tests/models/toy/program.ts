/** Linear, SiLU, Linear over the rows of the stations, and their mean squared error. */
import type { Model, Recipe } from '../../../src/config/types.js';
import { ProgramBuilder } from '../../../src/ir/builder.js';
import type { ForwardProgram } from '../../../src/ir/forward-program.js';
import { axis } from '../../../src/ir/shape.js';
import { callMlp, mlpParameters } from '../../../src/models/layers/mlp.js';
import { lossOf } from '../../../src/models/layers/rollout.js';

export function toyProgram(_model: Model, { mode }: Recipe): ForwardProgram {
  const builder = new ProgramBuilder();
  // No graph lies on the card.
  builder.stateResidents();
  const mlp = mlpParameters(builder, {
    network: 'stations',
    module: 'mesh',
    input: axis('inputChannels'),
    output: axis('outputChannels'),
    hiddenLayers: 1,
    layerNorm: false,
  });
  const input = builder.input('gridInput', builder.rows('stations', 'inputChannels'));
  const target = mode === 'train' ? builder.input('target0', builder.rows('stations', 'outputChannels')) : undefined;
  builder.call({ name: 'step' }, {}, (frame) => {
    const call = { of: 'nodes', recomputeActivation: false } as const;
    const prediction = frame.set('prediction', callMlp(builder, mlp, input, call));
    builder.predictions.push(prediction);
    if (target === undefined) return [prediction];
    builder.loss = lossOf(builder, prediction, target, 'mse');
    return [builder.loss];
  });
  return builder.finish();
}
