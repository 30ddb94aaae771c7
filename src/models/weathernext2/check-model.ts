/** What WeatherNext 2's code cannot build (google-deepmind/weathernext 9c034db). */
import type { Model } from '../../config/types.js';
import { InputError } from '../../errors.js';

/** Three of structure, two static, twelve of clocks. */
const fewestInputChannels = 17;

/** @throws InputError for a graph of one's own, a mesh that is no refinement, or a row without a field */
export function checkModel({ name, counts, meshLevel, inputChannels, outputChannels }: Model): void {
  if (counts !== undefined)
    throw new InputError(
      'not-in-model',
      `A graph of one's own: ${name} attends on a refined icosahedron, whose nodes it orders itself (mesh_transformer.py).`,
      ['--grid 181x360', '--mesh-level 5'],
    );
  if (meshLevel === 0)
    throw new InputError('cannot-build', `--mesh-level 0: ${name} attends on a refined icosahedron.`, [
      '--mesh-level 1',
    ]);
  if (inputChannels <= fewestInputChannels)
    throw new InputError(
      'cannot-build',
      `--input-channels ${inputChannels}: a row of ${name} holds clocks, static fields and structure beside its fields.`,
      [`--input-channels ${2 * outputChannels + fewestInputChannels}`],
    );
}
