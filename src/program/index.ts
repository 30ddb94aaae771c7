/** Which program a model runs: one builder per family of layouts. */
import type { Model, Recipe } from '../config/types.js';
import { anemoiProgram } from './anemoi/model.js';
import type { ForwardProgram } from './forward-program.js';
import { graphWeatherProgram } from './graph-weather/model.js';
import { graphcastProgram } from './graphcast/model.js';
import { neuralLamProgram } from './neural-lam.js';
import type { Segmentation } from './segmentation.js';

export function forwardProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  switch (model.layout) {
    case 'jax':
    case 'physicsnemo':
      return graphcastProgram(model, recipe, segmentation);
    case 'anemoi-graphtransformer':
    case 'anemoi-gnn':
      return anemoiProgram(model, recipe, segmentation);
    case 'graph-weather':
      return graphWeatherProgram(model, recipe, segmentation);
    case 'neural-lam':
      return neuralLamProgram(model, recipe, segmentation);
  }
}
