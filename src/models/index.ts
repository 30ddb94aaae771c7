/** Which program a model runs: one builder per family of layouts. */
import type { Model, Recipe } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import { anemoiProgram } from './anemoi/program.js';
import { graphWeatherProgram } from './graph-weather/program.js';
import { graphcastProgram } from './graphcast/program.js';
import { neuralLamProgram } from './neural-lam/program.js';

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
