import { loadDevice, profileNames, readProfile } from '../config/profiles.js';
import type { Profiles } from '../reports/profiles/schema.js';
import { tool } from '../version.js';

type Described = Profiles['models'][number];

const described = (kind: 'models' | 'recipes'): readonly Described[] =>
  profileNames(kind).map((profile) => {
    const { name, description, sources } = readProfile<Described>(kind, profile);
    return { name, description, sources };
  });

/** Everything that ships, each with its sources. */
export const profiles = (): Profiles => ({
  schema: 'gc-plan/profiles@1',
  tool: tool(),
  models: described('models'),
  recipes: described('recipes'),
  gpus: profileNames('gpus').map((card) => {
    const { name, description, nominalBytes, reportedBytes, bandwidthGBps, sources } = loadDevice(card);
    return { name, description, nominalBytes, reportedBytes, bandwidthGBps, sources };
  }),
});
