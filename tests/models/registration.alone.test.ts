/** A code base is added by registering it: everything below works on the toy of `toy/`, and nothing in `src/` knows of it. */
import './toy/register.js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { advise } from '../../src/services/advise.js';
import { estimate } from '../../src/services/estimate.js';
import { explain } from '../../src/services/explain.js';
import { sweep } from '../../src/services/sweep.js';
import { invoke } from '../cli/invoke.js';

const file = (name: string) => fileURLToPath(new URL(`toy/${name}`, import.meta.url));
const model = file('toy.json');
const imported = file('toy.yaml');

/** Of toy.json: columns of a row as it is read, in the middle, and as it is predicted. */
const [read, hidden, predicted] = [7, 64, 5];
/** Two Linear layers, each with a bias. */
const numParameters = read * hidden + hidden + (hidden * predicted + predicted);
const float32Bytes = 4;

describe('estimate', () => {
  it('of a forecast is parameters, the rows read, and the hidden rows before and after the activation', async () => {
    const { memory, parameters } = await estimate({ model, flags: { mode: 'inference', stations: '2000' } });
    expect(parameters.count).toBe(numParameters);
    expect(memory.peakLiveBytes).toBe(float32Bytes * (numParameters + 2000 * (read + 2 * hidden)));
  });

  it('of AdamW on one station is five copies of the parameters: they, their gradients, two moments, a square root', async () => {
    const { memory } = await estimate({ model, flags: { stations: '1' } });
    const inputs = read + predicted;
    expect(memory).toMatchObject({
      parameterBytes: float32Bytes * numParameters,
      gradientBytes: float32Bytes * numParameters,
      optimizerBytes: float32Bytes * 2 * numParameters,
      temporaryBytes: float32Bytes * numParameters,
      inputBytes: float32Bytes * inputs,
      peakLiveBytes: float32Bytes * (5 * numParameters + inputs),
    });
  });

  it('takes the number of stations from the flag, the profile or the default, in that order', async () => {
    const stations = async (flags: Record<string, string>, from: string = model) =>
      (await estimate({ model: from, flags })).config.model.own;
    expect(await stations({ stations: '20' })).toEqual({ numStations: 20 });
    expect(await stations({})).toEqual({ numStations: 500 });
  });

  it('refuses a number of stations beyond its limits, and any for another code base', async () => {
    await expect(estimate({ model, flags: { stations: '0' } })).rejects.toMatchObject({ code: 'out-of-range' });
    await expect(estimate({ model: 'tiny', flags: { stations: '5' } })).rejects.toMatchObject({ code: 'not-in-model' });
  });

  it('carries its notes', async () => {
    const { assumptions } = await estimate({ model, flags: { stations: '20000' } });
    expect(assumptions).toContain('No country has that many stations.');
  });
});

describe('import and export', () => {
  it('a file of its own is read and priced as what it says', async () => {
    const { config } = await estimate({ flags: { import: imported } });
    expect(config.model).toMatchObject({ layout: 'toy', hiddenDim: 64, own: { numStations: 500 } });
  });

  it('every stage of a sweep is written into the imported file, whose other lines stay', async () => {
    const { plan } = await sweep({
      flags: { import: imported, stations: '100', vram: '24GB', checkpoint: 'none', batch: '1' },
      from: '32/1',
      to: '128/1',
      exportTo: 'toy',
    });
    expect(plan.stages.map(({ exported }) => exported!.text)).toEqual(
      plan.stages.map(({ hiddenDim }) =>
        readFileSync(imported, 'utf8').replace('500', '100').replace('toy_width: 64', `toy_width: ${hiddenDim}`),
      ),
    );
  });

  it('a model of another code base is not exported to it', async () => {
    const flags = { vram: '24GB' };
    await expect(sweep({ model: 'tiny', flags, exportTo: 'toy' })).rejects.toMatchObject({ code: 'not-exported' });
  });
});

describe('every command', () => {
  it('sweep takes a list of its option, and more stations never need less', async () => {
    const flags = { stations: '100,10000,1000000', vram: '24GB', 'hidden-dim': '64', layers: '1', checkpoint: 'none' };
    const { candidates, pareto } = await sweep({ model, flags, from: '64/1', to: '64/1' });
    expect(candidates.total).toBeGreaterThanOrEqual(3);
    expect(pareto.length).toBeGreaterThan(0);
    const peak = async (stations: string) => (await estimate({ model, flags: { stations } })).memory.peakLiveBytes;
    expect(await peak('10000')).toBeGreaterThan(await peak('100'));
  });

  it('advise shows its own line', async () => {
    const { changes } = await advise({ model, flags: { stations: '1000000', batch: '40', vram: '24GB' } });
    const half = changes.find(({ strategy }) => strategy === 'precision');
    expect(half!.code).toEqual([{ where: 'toy.yaml', text: expect.stringMatching(/^toy_precision: (bf16|fp16)/) }]);
  });

  it('explain lists its arrays by their own rows', async () => {
    const { largest } = await explain({ model, flags: { stations: '3000' } });
    expect(largest[0]).toMatchObject({ shape: expect.stringContaining('stations'), lengths: [3000, 1, 64] });
  });

  it('help has its flag, and what is exported to', async () => {
    expect((await invoke(['estimate', '--help-all'])).stdout).toMatch(/--stations=N\s+the toy: Stations whose rows/);
    expect((await invoke(['sweep', '--help-all'])).stdout).toMatch(/toy/);
  });
});

it('nothing in src/ names the toy', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.filter((name) => /numStations|'toy'/.test(readFileSync(join(src, name), 'utf8')))).toEqual([]);
});
