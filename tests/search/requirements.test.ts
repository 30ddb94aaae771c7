import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { SizedCandidate } from '../../src/search/candidate-verdict.js';
import { parseQuantity, requirementOf } from '../../src/search/requirements.js';
import { UnsizedStep } from '../../src/search/unsized-step.js';

const tiny = await loadModel('tiny');
const config = resolveWith(tiny, { batch: '4', layers: '8', checkpoint: 'encoder+decoder+processor:every=1' });
const candidate = new SizedCandidate(config, new UnsizedStep(config));
const holds = (require: string) => requirementOf({ require, referenceSampleFlops: candidate.sampleFlops })(candidate);

describe('--require', () => {
  it.each([
    ['batch>=4', true],
    ['batch > 4', false],
    ['layers<=24 and parameters<20M', true],
    ['batch=4, layers=8', true],
    ['batch=1 or layers==8', true],
    ['batch=1 or layers=8 and hidden-dim=1', false],
    ['(batch=1 or layers=8) and hidden-dim=32', true],
    ['batch<layers', true],
    ['step-cost=1', true],
    ['recompute-fraction>0.1 && recompute-fraction<0.34', true],
    ['mesh-level != 2 || rollout > 1', false],
  ])('%s is %s', (require, expected) => expect(holds(require)).toBe(expected));

  it.each([
    '',
    'batch',
    'batch>=',
    '>=4',
    'batch>=4 and',
    '(batch>=4',
    'batch>=4)',
    'batch=>4',
    'bacth>=4',
    'constructor>=1',
    '__proto__=1',
    'batch>=4;process.exit()',
    'batch>=1e9',
    '('.repeat(600),
    'a'.repeat(2_000),
  ])('refuses %s and says what to type', (require) => {
    try {
      holds(require);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).nextSteps.length).toBeGreaterThan(0);
      return;
    }
    expect.unreachable();
  });

  it('reads 20M as twenty million', () => {
    expect(parseQuantity('20M', '--max-params')).toBe(2e7);
    expect(parseQuantity('1.5', '--max-step-cost')).toBe(1.5);
    expect(() => parseQuantity('-1', '--max-params')).toThrow(InputError);
  });

  it('limits parameters and step cost by themselves', () => {
    const { parameters, sampleFlops } = candidate;
    const limited = (limits: object) => requirementOf({ referenceSampleFlops: sampleFlops, ...limits })(candidate);
    expect([limited({ maxParameters: parameters }), limited({ maxParameters: parameters - 1 })]).toEqual([true, false]);
    expect([limited({ maxStepCost: 1 }), limited({ maxStepCost: 0.99 })]).toEqual([true, false]);
  });
});
