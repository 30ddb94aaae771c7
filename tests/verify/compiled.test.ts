import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { estimate } from '../../src/services/estimate.js';
import { compiled } from '../../src/services/measured.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-compiled-'));

/** Stands in for a Python with JAX: prints what the probe would have read off XLA's buffer assignment. */
function pythonThatPrints(answer: object): string {
  const file = join(folder, `python-${Math.random()}`);
  writeFileSync(file, `#!/bin/sh\ncat > /dev/null\necho "a warning of XLA's"\necho '${JSON.stringify(answer)}'\n`);
  chmodSync(file, 0o755);
  return file;
}

const flags = { runtime: 'jax', gpu: 'a100-80gb', ledger: join(folder, 'ledger.jsonl') };
const memory = { argumentBytes: 500e6, outputBytes: 430e6, aliasBytes: 430e6 };

describe('verify --runtime jax', () => {
  it('compares the estimate with arguments + outputs − aliased + temporaries of the compiled step', async () => {
    const { memory: predicted } = await estimate({
      model: 'graphcast-small',
      flags: { runtime: 'jax', gpu: 'a100-80gb' },
    });
    const temporaryBytes = predicted.peakLiveBytes - 500e6;
    const python = pythonThatPrints({ version: 'jaxlib 0.10.2', device: 'a100-80gb', ...memory, temporaryBytes });
    const report = await compiled({ model: 'graphcast-small', flags: { ...flags, python } }, undefined);
    expect(report.verdict).toEqual({ kind: 'within' });
    expect(report.records[0]?.comparisons[0]).toMatchObject({ quantity: 'peakLiveBytes', errorPercent: 0 });
  });

  it('is outside when XLA takes twice as much', async () => {
    const python = pythonThatPrints({ version: 'jaxlib 0.10.2', device: 'a100-80gb', ...memory, temporaryBytes: 24e9 });
    const report = await compiled({ model: 'graphcast-small', flags: { ...flags, python } }, undefined);
    expect(report.verdict).toEqual({ kind: 'outside' });
  });

  it('says which packages to install where JAX is missing', async () => {
    const python = pythonThatPrints({ missing: ['jax[cuda12]'] });
    await expect(compiled({ model: 'graphcast-small', flags: { ...flags, python } }, undefined)).rejects.toMatchObject({
      code: 'python-packages-missing',
    });
  });
});
