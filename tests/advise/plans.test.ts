import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plansOf } from '../../src/advise/combinations.js';
import { catalogue } from '../../src/advise/index.js';
import type { CheckpointPlan, Config } from '../../src/config/types.js';
import { runtimes } from '../../src/parallel/index.js';
import { configured } from '../laws/configurations.js';

const plans = [
  'none',
  'model',
  'encoder',
  'encoder+decoder',
  'rollout',
  'processor:every=2',
  'decoder+processor:every=1',
];
const withBlocks = [
  ...plans,
  'encoder+decoder+edges:blocks=4',
  'encoder+decoder+rollout+processor:every=3+edges:blocks=2',
];
const ownRuntime = { pytorch: 'physicsnemo-graphcast', jax: 'graphcast-small', tfjs: 'tiny' } as const;

/** As the runtime cuts them: some plans are two names of one cut. */
function reachable(config: Config): ReadonlySet<string> {
  const runtime = runtimes[config.runtime];
  const cut = (checkpoint: CheckpointPlan) => runtime.segment({ ...config, recipe: { ...config.recipe, checkpoint } });
  return new Set(plansOf(catalogue, config).map((plan) => JSON.stringify(cut(plan))));
}

/** What one strategy offers must not hang on what another one would take back. */
it.each([...Object.entries(ownRuntime), ['pytorch', 'anemoi-graphtransformer'], ['pytorch', 'anemoi-gnn']] as const)(
  '%s, %s: the plans that advise looks at are the same whatever is recomputed already',
  async (runtime, model) => {
    const flags = { runtime, layers: '6', rollout: '2' };
    const from = async (checkpoint: string) => configured({ model, flags: { ...flags, checkpoint } });
    const all = reachable((await from('none'))!);
    expect(all.size).toBeGreaterThan(20);
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withBlocks), async (checkpoint) => {
        const config = await from(checkpoint);
        if (config === undefined) return;
        tried += 1;
        expect(reachable(config)).toEqual(all);
      }),
      { numRuns: 30 },
    );
    expect(tried).toBeGreaterThan(5);
  },
);
