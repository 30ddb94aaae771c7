/** MODEL may be another code base's configuration: then it is imported. A profile of one's own stays one. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { estimate } from '../../../src/services/estimate.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-'));
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const physicsnemo = fileURLToPath(new URL('configurations/physicsnemo/arguments-nested.yaml', import.meta.url));
const deepmind = file(
  'model.json',
  '{"resolution": 1.0, "mesh_size": 5, "latent_size": 256, "gnn_msg_steps": 8, "hidden_layers": 1, "radius_query_fraction_edge_length": 0.6}',
);

it.each([physicsnemo, deepmind])('%s gives what --import of it gives', async (path) => {
  const asModel = await estimate({ model: path, flags: {} });
  const imported = await estimate({ flags: { import: path } });
  expect(asModel.config).toEqual(imported.config);
  expect(asModel.memory).toEqual(imported.memory);
});

it('a JSON file with the keys of a profile is a profile', async () => {
  const path = file('mine.json', '{"base": "graphcast-small", "model": {"layers": 4}}');
  expect((await estimate({ model: path, flags: {} })).config.model.layers).toBe(4);
});

it('a JSON file with one of them and no base is asked for its base', async () => {
  const path = file('half.json', '{"model": {"layers": 4}}');
  await expect(estimate({ model: path, flags: {} })).rejects.toMatchObject({ code: 'missing-base' });
});

it('beside --import, MODEL is a profile: consent, and no second file', async () => {
  await expect(estimate({ model: deepmind, flags: { import: physicsnemo } })).rejects.toMatchObject({
    code: expect.stringMatching(/unknown-key|missing-base/),
  });
});

it.each(['1e99', '200', '-1'])('resolution %s in a file is held to the flag’s limits', async (resolution) => {
  const path = file(
    `model${resolution}.json`,
    `{"resolution": ${resolution}, "mesh_size": 5, "latent_size": 256, "gnn_msg_steps": 8}`,
  );
  await expect(estimate({ flags: { import: path, levels: '13' } })).rejects.toMatchObject({
    message: expect.stringMatching(/resolution/),
    nextSteps: expect.arrayContaining(['--resolution 1']),
  });
});
