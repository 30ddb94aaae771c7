/** An operation that a runtime has no rule for is the user's to hear of, not a bug. */
import { describe, expect, it } from 'vitest';
import type { RuntimeName } from '../../src/config/types.js';
import { ProgramBuilder } from '../../src/ir/builder.js';
import { axis } from '../../src/ir/shape.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { runtimes } from '../../src/parallel/index.js';

/** Node numbers that are worked out in every step: PyTorch's alone. */
function programWithIntegers() {
  const builder = new ProgramBuilder();
  const input = builder.input('gridInput', builder.rows('gridNodes', 'inputChannels'));
  builder.call({ name: 'step' }, {}, (frame) => {
    frame.set('index', builder.emit([axis('gridNodes')], 'index', { kind: 'integers', inputs: [input] }));
    builder.predictions.push(input);
    return [input];
  });
  return builder.finish();
}

describe.each<RuntimeName>(['jax', 'tfjs'])('%s', (runtime) => {
  it('refuses an operation without a rule by its name, and says where it runs', async () => {
    const config = await resolveConfig({ model: 'tiny', flags: { runtime, mode: 'inference' } });
    expect(() => runtimes[runtime].trace(programWithIntegers(), config)).toThrow(
      expect.objectContaining({
        code: `not-in-${runtime === 'jax' ? 'xla' : runtime}`,
        message: expect.stringContaining('no rule for the operation integers'),
        nextSteps: expect.arrayContaining(['--runtime pytorch']),
      }),
    );
  });
});
