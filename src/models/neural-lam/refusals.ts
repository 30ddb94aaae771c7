/** What neural-lam's GraphLAM has no option for (0.7.0). */
import { noSegments } from '../layers/segments.js';
import type { Refusal } from '../refusals.js';

export const neuralLamRefusals: readonly Refusal[] = [
  noSegments('neural-lam', 'neural_lam 0.7.0, models/step_predictors/graph/graph_lam.py'),
];
