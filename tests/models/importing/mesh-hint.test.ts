/** A next step that is refused when it is typed is none. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { InputError } from '../../../src/errors.js';
import { estimate } from '../../../src/services/estimate.js';

function entry(processor: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'gc-plan-')), 'config.yaml');
  writeFileSync(
    file,
    `data: {resolution: n320}\nmodel:\n  num_channels: 256\n  processor: {_target_: anemoi.models.layers.processor.${processor}, num_layers: 8, num_heads: 16, window_size: 512}\n  encoder: {_target_: anemoi.models.layers.mapper.GraphTransformerForwardMapper}\n  decoder: {_target_: anemoi.models.layers.mapper.GraphTransformerBackwardMapper}\n`,
  );
  return file;
}

const hintOf = async (processor: string): Promise<string> => {
  const error = await estimate({ flags: { import: entry(processor) } }).catch((reason: InputError) => reason);
  return (error as InputError).nextSteps.find((step) => step.startsWith('--mesh-level'))!;
};

it('a latent Gaussian grid is proposed to layers that read no mesh edges alone', async () => {
  expect(await hintOf('TransformerProcessor')).toContain('--mesh o96');
  expect(await hintOf('GraphTransformerProcessor')).not.toContain('--mesh o96');
});
