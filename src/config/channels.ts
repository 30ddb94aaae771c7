import type { Model } from './types.js';

/** Per pressure level: 6 atmospheric variables, read at 2 times and predicted at 1 (google-deepmind/graphcast, graphcast.py TASK definitions). */
const inputChannelsPerLevel = 12;
const outputChannelsPerLevel = 6;

type Channels = Pick<Model, 'inputChannels' | 'outputChannels' | 'pressureLevels'>;

/** The same task at another number of pressure levels: what depends on no level (surface, forcings, structure) stays. */
export function atLevels({ inputChannels, outputChannels, pressureLevels }: Channels, levels: number): Channels {
  const added = pressureLevels === undefined ? 0 : levels - pressureLevels;
  return {
    pressureLevels: levels,
    inputChannels: inputChannels + added * inputChannelsPerLevel,
    outputChannels: outputChannels + added * outputChannelsPerLevel,
  };
}
