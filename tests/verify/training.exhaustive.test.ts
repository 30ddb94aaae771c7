import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { counts } from '../../src/models/counts.js';
import type { Flags } from '../../src/options/typed.js';
import { priceProgram } from '../../src/price.js';
import { jsFolder, loadJs } from '../../src/verify/backends/js.js';
import { type Trainer, trainer } from '../../src/verify/interpreter.js';
import type { Library } from '../../src/verify/library.js';
import { configOf, runSteps } from './steps.js';

let tf: Library;
let training: Trainer | undefined;
beforeAll(async () => {
  tf = await loadJs(jsFolder()!);
});
afterEach(() => training?.dispose());

async function trainerOf(flags: Flags): Promise<Trainer> {
  const config = await configOf(flags);
  training = trainer(tf, config, priceProgram(config, counts(config.model)).program);
  return training;
}

/** Central differences of a float32 loss near 1: its last bit is 1e-7, so the quotient is good to about 1e-4. */
const difference = 1e-3;

describe('training is real', () => {
  it.each([{ tape: 'plain' }, { tape: 'fused' }, { tape: 'lean' }, { tape: 'lean', checkpoint: 'processor:every=1' }])(
    'gradients equal finite differences with %j',
    async (flags) => {
      const { parameters, gradients } = await trainerOf({
        ...flags,
        grid: '3x4',
        'mesh-level': '0',
        'hidden-dim': '4',
        layers: '1',
      });
      const { loss, gradients: found } = gradients();
      const lossOf = () => {
        const result = gradients();
        const value = result.loss.dataSync()[0]!;
        tf.dispose([result.loss, ...result.gradients.values()]);
        return value;
      };
      let compared = 0;
      for (const [id, parameter] of parameters) {
        const gradient = found.get(id);
        if (gradient === undefined) continue;
        const values = parameter.dataSync().slice();
        // Along a direction in which every element of the array moves, so that each of them is checked.
        const direction = values.map((_, i) => (i % 2 === 0 ? 1 : -1));
        const lossAt = (distance: number) => {
          const moved = values.map((value, i) => value + distance * direction[i]!);
          tf.tidy(() => parameter.assign(tf.tensor(moved, parameter.shape)));
          return lossOf();
        };
        const expected = (lossAt(difference) - lossAt(-difference)) / (2 * difference);
        lossAt(0);
        const got = gradient.dataSync<'float32'>().reduce((sum, value, i) => sum + value * direction[i]!, 0);
        expect(Math.abs(got - expected), parameter.name).toBeLessThan(1e-3 + 1e-2 * Math.abs(expected));
        compared++;
      }
      tf.dispose([loss, ...found.values()]);
      expect(compared).toBeGreaterThan(60);
    },
  );

  it('loss and gradients are the same on every tape and with every cut', async () => {
    const gradientsWith = async (flags: Flags) => {
      const { gradients, dispose } = await trainerOf({ layers: '3', rollout: '2', ...flags });
      const { loss, gradients: found } = gradients();
      const values = [...found].toSorted(([a], [b]) => a - b).map(([, gradient]) => [...gradient.dataSync()]);
      const lossValue = loss.dataSync()[0]!;
      tf.dispose([loss, ...found.values()]);
      dispose();
      training = undefined;
      return { loss: lossValue, values: values.flat() };
    };
    const { loss, values: expected } = await gradientsWith({});
    const largest = Math.max(...expected.map(Math.abs));
    for (const flags of [
      { tape: 'lean' },
      { tape: 'fused' },
      { checkpoint: 'rollout' },
      { checkpoint: 'model' },
      { checkpoint: 'encoder+decoder' },
      { checkpoint: 'rollout+processor:every=2' },
      { checkpoint: 'processor:segments=2' },
      { checkpoint: 'encoder+decoder+edges:blocks=2' },
      { checkpoint: 'edges:blocks=4' },
      { checkpoint: 'rollout+processor:every=2+edges:blocks=3', tape: 'lean' },
    ]) {
      const { loss: gotLoss, values: got } = await gradientsWith(flags);
      expect(Math.abs(gotLoss / loss - 1), JSON.stringify(flags)).toBeLessThan(1e-5);
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - got[i]!)));
      expect(worst / largest, JSON.stringify(flags)).toBeLessThan(1e-4);
    }
  });

  it('predicting where a turning field will be is learned: the loss falls to a third in 20 steps', async () => {
    const { losses } = await runSteps(tf, {}, 20);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);
  });

  it('a step leaves no array behind', async () => {
    for (const flags of [
      {},
      { checkpoint: 'processor:every=1', rollout: '2' },
      { checkpoint: 'encoder+decoder+edges:blocks=3' },
      { mode: 'inference' },
      { accumulate: '2' },
    ])
      expect((await runSteps(tf, flags, 2)).leftBytes, JSON.stringify(flags)).toBe(0);
  });
});
