/** What GenCast's code cannot build (google-deepmind/graphcast 08cf736). */
import type { Model } from '../../config/types.js';
import { InputError } from '../../errors.js';

const source = 'google-deepmind/graphcast 08cf736, samplers_utils.py, _ArrayGrid.with_lat_lon';

/** @throws InputError for a grid on which no spherical noise can be drawn, or a mesh that is no refinement */
export function checkModel({ name, grid, counts, meshLevel, inputChannels, outputChannels }: Model): void {
  if (counts !== undefined)
    throw new InputError(
      'not-in-model',
      `A graph of one's own: ${name} draws its noise on rows of latitude and longitude (${source}).`,
      ['--grid 181x360', '--mesh-level 5'],
    );
  const { latitudes, longitudes, kind } = grid;
  const fitting = kind === 'poles' ? 2 * (latitudes - 1) : 2 * latitudes;
  if (kind === 'cut' || longitudes !== fitting)
    throw new InputError(
      'cannot-build',
      `--grid ${latitudes}x${longitudes}: ${name} draws spherical noise on as many longitudes as twice its latitudes (with poles: less one), and raises otherwise (${source}).`,
      [`--grid ${latitudes}x${2 * (latitudes - (latitudes % 2))}`],
    );
  if (meshLevel === 0)
    throw new InputError('cannot-build', `--mesh-level 0: ${name} attends on a refined icosahedron.`, [
      '--mesh-level 1',
    ]);
  if (inputChannels <= outputChannels + fewestOtherChannels)
    throw new InputError(
      'cannot-build',
      `--input-channels ${inputChannels}: a row of ${name} holds the noisy state (${outputChannels} channels), clocks, static fields and structure beside its inputs.`,
      [`--input-channels ${outputChannels + 183}`],
    );
}

/** Three of structure, two static, twelve of clocks. */
const fewestOtherChannels = 17;
