import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHash, toHash } from '../../src/options/address.js';
import { inputs } from '../laws/configurations.js';

it('an address gives back the model and the flags that it was made of', () => {
  fc.assert(
    fc.property(inputs('pytorch'), ({ model, flags }) => {
      const typed = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
      expect(fromHash(toHash({ model, flags }))).toEqual({ model, trace: undefined, flags: typed });
    }),
  );
});

it('beside a file of the user’s no model stands in; an address that says nothing is a first look with a card', () => {
  expect(fromHash('#import=conf%2Fa.yaml&gpu=t4')).toEqual({ flags: { import: 'conf/a.yaml', gpu: 't4' } });
  expect(fromHash('#trace=step.trace.gz')).toEqual({ trace: 'step.trace.gz', flags: {} });
  expect(fromHash('').flags.gpu).toBeDefined();
});
