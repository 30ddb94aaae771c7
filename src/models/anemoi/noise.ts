/**
 * Noise of anemoi's ensemble models (anemoi-models 0.19.0, layers/ensemble.py, NoiseConditioning): normal numbers for every row of the mesh and
 * member, through a small MLP that is a checkpoint of its own; the processor's conditional norms read the result.
 */
import type { ProgramBuilder } from '../../ir/builder.js';
import { constant } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { callMlp, type MlpParameters, mlpParameters } from '../layers/mlp.js';
import { cutRows, rowsOfAll } from './sharding.js';

/** `noise_channels_dim` and `noise_mlp_hidden_dim` of the shipped ensemble groups. */
export const noiseChannels = constant(4);
export const hiddenNoiseChannels = constant(32);

export const declareNoise = (builder: ProgramBuilder): MlpParameters =>
  mlpParameters(builder, {
    network: 'mesh.noise',
    module: 'mesh',
    input: noiseChannels,
    output: noiseChannels,
    hiddenLayers: 1,
    hidden: hiddenNoiseChannels,
    layerNorm: true,
  });

/** → `[meshNodes, 4]`; every card draws the noise of all rows and goes on with its own. */
export function injectNoise(builder: ProgramBuilder, mlp: MlpParameters, cards: number): ValueId {
  const [condition] = builder.call({ name: 'noise', module: 'mesh' }, {}, (frame) => {
    const shape = builder.rows(rowsOfAll('meshNodes', cards), 'one', noiseChannels.factor);
    const all = frame.set('noise', builder.emit(shape, 'noise', { kind: 'generate', what: 'noise' }));
    const noise = cards === 1 ? all : frame.set('noise', cutRows(builder, all, 'meshNodes', cards));
    const call = { of: 'nodes', activation: 'gelu', recomputeActivation: false, recomputed: true } as const;
    return [frame.set('noise', callMlp(builder, mlp, noise, call))];
  });
  return condition!;
}
