/** What anemoi-models raises at, or has no option for (0.19.0). */
import { noSegments } from '../layers/segments.js';
import type { Refusal } from '../refusals.js';

export const anemoiRefusals: readonly Refusal[] = [
  noSegments(
    'anemoi (num_chunks)',
    'https://github.com/ecmwf/anemoi-core/blob/2cb9b6e/models/src/anemoi/models/layers/processor.py',
  ),
];
