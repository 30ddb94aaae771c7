/**
 * What lies on the card beside the parameters (google-deepmind/weathernext 9c034db, configs/*.json, sparse_transformer.py): arguments of the
 * step, and the attention mask, a constant that its code closes over.
 */
import type { Model, Recipe } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, constant, type Dimensions, type Shape } from '../../ir/shape.js';
import { attentionOf } from '../gencast/blocks.js';
import { declareMask } from '../gencast/residents.js';

const f32 = 4;
/** Geopotential at the surface, land-sea mask. */
const numStaticFields = 2;
/** sin φ, sin λ, cos λ, which the model adds itself. */
const numStructural = 3;
const numInputTimes = 2;
/** Sine and cosine of day and of year progress. */
const [numDayClocks, numYearClocks] = [2, 2];
/** Temperature and pressure, wind of 10 m, the sea's temperature: fed back. Precipitation and cyclones are not. */
const [numLevelVariables, numSurfaceFields] = [6, 5];
const rows = axis('gridNodes');
/** Fields have no sample axis: the wrapper of the ensemble copies them. */
const examples = axis('examples');

export function declareResidents(builder: ProgramBuilder, model: Model, { mode }: Recipe): void {
  const argument = (name: string, shape: Shape) => builder.resident(name, shape, f32);
  argument('input fields', [rows, examples, axis('inputFieldsRead')]);
  argument('static fields', [rows, constant(numStaticFields)]);
  if (mode === 'train') argument('target fields', [rows, examples, axis('targetFields')]);
  // Day progress differs from longitude to longitude, year progress does not.
  argument('clocks', [examples, axis('clockValuesRead')]);
  declareMask(builder, attentionOf(model));
}

/** `batch` is what the network sees: forecasts of as many examples, or in training one example as many times, each with noise of its own. */
export function ownDimensions({ model, recipe }: { readonly model: Model; readonly recipe: Recipe }): Dimensions {
  const { mode, batchSize, rolloutSteps } = recipe;
  const numClocks = numDayClocks + numYearClocks;
  const others = numStructural + numStaticFields + numClocks * (numInputTimes + 1);
  const times = numInputTimes + rolloutSteps;
  const inputFieldsRead = Math.max(1, model.inputChannels - others);
  const levels = Math.max(0, Math.floor((inputFieldsRead / numInputTimes - numSurfaceFields) / numLevelVariables));
  const withLevels = levels * numLevelVariables;
  return {
    examples: mode === 'train' ? 1 : batchSize,
    batch: batchSize,
    inputFieldsRead,
    levels,
    surfaceFields: Math.max(1, model.outputChannels - withLevels),
    surfaceCarryFields: Math.max(0, inputFieldsRead - numInputTimes * withLevels),
    carryFields: inputFieldsRead,
    carriesOfAllSteps: inputFieldsRead * rolloutSteps,
    targetFields: model.outputChannels * rolloutSteps,
    clockValuesRead: times * (numDayClocks * model.grid.longitudes + numYearClocks),
  };
}
