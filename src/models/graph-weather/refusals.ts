/** What graph_weather's GraphCast raises at, or has no option for (1.0.146, run on a CPU: tests/data/options-run.jsonl). */
import { noSegments } from '../layers/segments.js';
import type { Refusal } from '../refusals.js';

const source = (path: string): string => `graph_weather 1.0.146, models/${path}`;

export const graphWeatherRefusals: readonly Refusal[] = [
  noSegments('graph_weather', source('graphcast/model.py, set_checkpoint_processor')),
  {
    kind: 'needsChange',
    applies: ({ precision }) => precision === 'bf16-full',
    instead: () => ({ precision: 'bf16' }),
    reason:
      'graph_weather keeps its edges’ features and the decoder’s zeros where model.to(torch.bfloat16) does not reach: it raises in its first product until they are cast too',
    source: source('layers/encoder.py and layers/assimilator_decoder.py'),
    nextSteps: () => ['--precision bf16'],
  },
];
