/** What `--offload` sends to the host's memory while the card does not need it, and the law that ties it to the checkpoint plan. */
import { InputError } from '../errors.js';
import { formatCheckpoint, partsOf } from './checkpoint.js';
import type { Recipe } from './types.js';

type Offloaded = Pick<Recipe, 'offload'>;

/** Adam's moments, or momentum's velocity. */
export const offloadsOptimizer = ({ offload }: Offloaded): boolean =>
  offload === 'optimizer' || offload === 'optimizer+boundary';

/** PyTorch: smaller tensors are updated on the device (torchao 0.18, CPUOffloadOptimizer's `minimal_size`). */
export const minOffloadedElements = 4096;

/** The inputs of recomputed segments. */
export const offloadsBoundary = ({ offload }: Offloaded): boolean =>
  offload === 'boundary' || offload === 'optimizer+boundary';

/** Without a recomputed segment nothing waits at its beginning. */
export function checkOffload(recipe: Pick<Recipe, 'offload' | 'checkpoint' | 'rolloutSteps'>): void {
  const { offload, checkpoint, rolloutSteps } = recipe;
  if (!offloadsBoundary({ offload })) return;
  // One rollout step is a whole that `rollout` does not cut.
  if (partsOf(checkpoint).some((part) => part !== 'rollout' || rolloutSteps > 1)) return;
  throw new InputError(
    'offload-needs-checkpoint',
    `--offload ${offload} with --checkpoint ${formatCheckpoint(checkpoint)}: no segment is recomputed, so none has inputs that could wait on the host.`,
    ['--checkpoint processor:every=2', '--checkpoint encoder+decoder', '--offload optimizer'],
  );
}
