import { expect, it } from 'vitest';
import { codeBaseOf, exportNames, layoutOf } from '../../src/models/index.js';
import { estimate } from '../../src/services/estimate.js';
import { sweep } from '../../src/services/sweep.js';
import { typedIn } from './command.js';

const models = ['graphcast-small', 'physicsnemo-graphcast', 'anemoi-gnn', 'graph-weather', 'neural-lam'];
const pairs = models.flatMap((model) => exportNames().map((codeBase) => [model, codeBase] as const));

it.each(pairs)('%s exported to %s is priced as that code base’s model, in its own runtime', async (model, exportTo) => {
  const flags = { grid: '31x60', 'mesh-level': '2', 'hidden-dim': '32', layers: '4', checkpoint: 'none', vram: '24GB' };
  const { plan, pareto } = await sweep({ model, flags, from: '32/4', to: '64/4', exportTo });
  expect(plan.stages).toHaveLength(2);
  for (const { command, memory, exported, batchSize } of plan.stages) {
    const report = await estimate(typedIn(command));
    const { layout } = report.config.model;
    expect([codeBaseOf(layout).name, report.config.runtime]).toEqual([exportTo, layoutOf(layout).home]);
    expect(report.memory.deviceBytes).toBe(memory.deviceBytes);
    expect(report.config.recipe.batchSize).toBe(batchSize);
    expect(exported).toMatchObject({ codeBase: exportTo, text: expect.stringMatching(/\b(32|64)\b/) });
  }
  expect(pareto.every(({ config }) => codeBaseOf(config.model.layout).name === exportTo)).toBe(true);
});

it('the sizes go along: an exported model has the grid, mesh and channels of the one that was asked for', async () => {
  const flags = { vram: '80GB', 'hidden-dim': '64', layers: '4', batch: '1', levels: '37' };
  const asked = await estimate({ model: 'graphcast-small', flags: { levels: '37' } });
  const { plan } = await sweep({ model: 'graphcast-small', flags, from: '64/4', to: '64/4', exportTo: 'physicsnemo' });
  const { config } = await estimate(typedIn(plan.stages[0]!.command));
  const { grid, meshLevel, inputChannels, outputChannels } = asked.config.model;
  expect(config.model).toMatchObject({ meshLevel, inputChannels, outputChannels });
  expect([config.model.grid.latitudes, config.model.grid.longitudes]).toEqual([grid.latitudes, grid.longitudes]);
});

it('an export is never priced with another runtime’s rules', async () => {
  const flags = { vram: '24GB', runtime: 'jax' };
  await expect(sweep({ model: 'graphcast-small', flags, exportTo: 'physicsnemo' })).rejects.toMatchObject({
    code: 'conflicting-options',
    nextSteps: expect.arrayContaining(['--runtime pytorch']),
  });
});
