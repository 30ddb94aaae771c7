/** What `nvidia-smi.ts` is in a browser, which is not told what card its machine has. */
import { InputError } from '../errors.js';

export function smiAnswer(instead: readonly string[]): string {
  throw new InputError('no-gpu', 'A page does not see which card this machine has: say which to plan for.', instead);
}
