/**
 * What lies on the card beside the parameters (google-deepmind/graphcast 08cf736, gencast.py TASK, samplers_utils.py): arguments of the step,
 * and the large constants that its code closes over.
 */
import type { Mode, Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, constant, type Dimensions, type Shape } from '../../ir/shape.js';
import type { attentionOf } from './blocks.js';

const f32 = 4;
const int32 = 4;
/** Geopotential at the surface, land-sea mask. */
const numStaticFields = 2;
/** cos θ, cos φ, sin φ, which the model adds itself. */
const numStructural = 3;
/** Sine and cosine of year and day progress, at two input times and the target's. */
const [numClocks, numTimes] = [4, 3];
const rows = axis('gridNodes');
const samples = axis('batch');

export function declareResidents(builder: ProgramBuilder, mode: Mode, attention: ReturnType<typeof attentionOf>): void {
  const argument = (name: string, shape: Shape) => builder.resident(name, shape, f32);
  argument('input fields', [rows, samples, axis('inputFieldsRead')]);
  argument('static fields', [rows, constant(numStaticFields)]);
  if (mode === 'train') argument('target fields', [rows, samples, axis('outputChannels')]);
  // Day progress differs from longitude to longitude, year progress does not.
  argument('clocks', [samples, axis('clockValuesRead')]);
  declareMask(builder, attention);
  builder.constant('Legendre functions', [axis('orders'), axis('latitudes'), axis('wavenumbers')], f32);
  builder.constant('Fourier functions', [axis('longitudes'), axis('orders')], f32);
}

/** Compared and copied as int32 where attention is in blocks. */
export function declareMask(builder: ProgramBuilder, attention: ReturnType<typeof attentionOf>): void {
  if (attention === 'mha') builder.constant('attention mask', [axis('meshNodes'), axis('meshNodes')], 1);
  else
    builder.constant(
      'attention mask: same, next and previous block',
      [constant(numMasks), axis('attentionRows'), axis('attentionBlock')],
      int32,
    );
}

const numMasks = 3;
/** Variables with levels: of 84 channels 6 × 13, and 6 without. */
const numLevelVariables = 6;

export function residentDimensions({ model }: { readonly model: Model }): Dimensions {
  const { inputChannels, outputChannels, grid } = model;
  const wavenumbers = Math.floor(grid.longitudes / 2);
  // What is no clock, no structure, nothing static and not the noisy target.
  const others = numStructural + numClocks * numTimes + numStaticFields + outputChannels;
  const inputFieldsRead = Math.max(1, inputChannels - others);
  const levels = Math.floor(outputChannels / numLevelVariables);
  return {
    inputFieldsRead,
    clockValuesRead: (numClocks / 2) * numTimes * (grid.longitudes + 1),
    surfaceFieldsRead: Math.max(1, inputFieldsRead - 2 * numLevelVariables * levels),
    wavenumbers,
    /** Both signs of every order but 0. */
    orders: 2 * wavenumbers - 1,
  };
}
