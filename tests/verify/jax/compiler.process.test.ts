/** A real jaxlib compiles the worked example of docs/xla.md the way probe.py compiles DeepMind's step. `npm run jax:install` first. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadDevice } from '../../../src/config/profiles.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { runJaxProbe } from '../../../src/verify/jax/probe.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const packages = at('../../../.cache/jax');

it.skipIf(!existsSync(packages))('XLA gives the arena, arguments and donations that docs/xla.md prints', () => {
  const { stdout, stderr, status } = spawnSync(
    'python3',
    [at('./five_products.py'), at('../../../src/verify/jax/probe.py')],
    {
      input: JSON.stringify({ recipe: { xlaGemm: 'cublas' }, device: loadDevice('h100-80gb') }),
      env: { ...process.env, PYTHONPATH: packages },
      encoding: 'utf8',
    },
  );
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const tupleOfResults = 16;
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
    version: 'jaxlib 0.10.2',
    device: 'h100-80gb',
    argumentBytes: 11_288_576,
    outputBytes: 2 * 256 * 512 * 4 + tupleOfResults,
    aliasBytes: 2 * 256 * 512 * 4,
    temporaryBytes: 85_280_000,
  });
});

it('says that WeatherNext 2 is not compiled, before it asks for packages that would not help', async () => {
  const device = loadDevice('h100-80gb');
  const config = await resolveConfig({ model: 'weathernext2-mini', flags: {} });
  await expect(runJaxProbe({ ...config, device }, { python: 'python3', timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'not-compiled',
    message: expect.stringContaining('WeatherNext 2'),
  });
});
