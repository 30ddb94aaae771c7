import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { isProposable } from '../../src/models/refusals.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { advise } from '../../src/services/advise.js';
import { solve } from '../../src/services/solve.js';
import { sweep } from '../../src/services/sweep.js';
import { typedIn } from './command.js';

describe('what is proposed', () => {
  const starts = fc.record({
    model: fc.constantFrom(
      'physicsnemo-graphcast',
      'anemoi-gnn',
      'anemoi-graphtransformer',
      'graph-weather',
      'neural-lam',
      'graphcast-small',
    ),
    precision: fc.option(fc.constantFrom('fp32', 'bf16', 'fp16', 'bf16-full'), { nil: undefined }),
    checkpoint: fc.option(fc.constantFrom('none', 'encoder', 'processor:every=2', 'model'), { nil: undefined }),
    accumulate: fc.constantFrom('1', '4'),
    vram: fc.constantFrom('1GB', '2GB'),
    grid: fc.constantFrom('31x60', '61x120'),
  });

  async function refusedAmong(commands: readonly string[]): Promise<readonly string[]> {
    const refused: string[] = [];
    for (const command of commands) {
      const config = await resolveConfig(typedIn(command)).catch((error: unknown) => {
        if (error instanceof InputError) return undefined;
        throw error;
      });
      if (config === undefined || !isProposable(config)) refused.push(command);
    }
    return refused;
  }

  it('by advise, solve and sweep is never refused by estimate', async () => {
    let numProposed = 0;
    await fc.assert(
      fc.asyncProperty(starts, async ({ model, ...typed }) => {
        const flags = { ...typed, 'mesh-level': '2', 'hidden-dim': '64', layers: '4' };
        const runs = await resolveConfig({ model, flags }).then(isProposable, () => false);
        if (!runs) return;
        const { changes, cheapest, severalGpus } = await advise({ model, flags });
        const { best } = await solve({ model, flags, for: 'batch' });
        const { layers: _, 'hidden-dim': __, ...rest } = flags;
        const swept = await sweep({
          model,
          flags: { ...rest, 'hidden-dim': '32,64', layers: '4' },
          from: '32/4',
          to: '64/4',
        });
        const proposed = [cheapest, severalGpus, best, ...changes, ...swept.pareto, ...swept.plan.stages];
        const commands = proposed.flatMap((answer) => (answer ? [answer.command] : []));
        numProposed += commands.length;
        expect(await refusedAmong(commands)).toEqual([]);
      }),
      { numRuns: 40 },
    );
    expect(numProposed).toBeGreaterThan(300);
  }, 240_000);
});
