import { InputError } from '../errors.js';

/** 4 PiB: up to there twice a step's bytes is below 2⁵³, up to which a float64 holds whole numbers exactly. */
const largestStepBytes = 2 ** 52;

/** Within the limits of every option a step may still be one whose bytes would be rounded. */
export function checkCountable(peakLiveBytes: number): void {
  if (peakLiveBytes <= largestStepBytes) return;
  const pebibytes = Math.round(peakLiveBytes / 2 ** 50).toLocaleString('en-US');
  throw new InputError('out-of-range', `the step needs ${pebibytes} PiB; bytes are counted exactly up to 4 PiB`, [
    'a smaller --batch, --hidden-dim or --layers, or fewer edges',
  ]);
}
