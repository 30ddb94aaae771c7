import type { Precision } from '../../config/types.js';

/** What Lightning's Trainer calls them (`precision`), to which anemoi and neural-lam pass it on. */
export const lightningPrecisions: Readonly<Record<Precision, string>> = {
  fp32: '32',
  bf16: 'bf16-mixed',
  fp16: '16-mixed',
  'bf16-full': 'bf16-true',
};
