import { describe, expect, it } from 'vitest';
import { mergedAssumptions } from '../../src/services/assumptions.js';

describe('the assumptions of several configurations', () => {
  it('say once, with both ends, what differs in numbers alone', () => {
    const host = (inputs: number, checkpoint: number) =>
      `Host memory, at least: ${inputs} GiB of inputs; ${checkpoint} GiB of checkpoint.`;
    expect(mergedAssumptions([host(0.07, 0.5), host(0.26, 0.03), host(0.07, 0.1)])).toEqual([
      'Host memory, at least: 0.07 to 0.26 GiB of inputs; 0.03 to 0.5 GiB of checkpoint.',
    ]);
  });

  it.each([
    ['cards', ['An rtx-3090 has no such unit.', 'An rtx-4090 has no such unit.']],
    ['sizes on the box', ['24GB: all of it is taken.', '48GB: all of it is taken.']],
    ['versions', ['JAX 0.10.2 was read.', 'JAX 0.12.0 was read.']],
    ['numbers in groups of three', ['1,024 layers were cut.', '2,048 layers were cut.']],
    ['other words', ['3 samples are read.', '3 samples are written.']],
  ])('keep names apart: %s', (_, lines) => {
    expect(mergedAssumptions(lines)).toEqual(lines);
  });

  it('keep their order, and what is said twice once', () => {
    expect(mergedAssumptions(['b', 'a 1.', 'b', 'a 1.'])).toEqual(['b', 'a 1.']);
  });
});
