import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { measurementOf, runJaxProbe } from '../../../src/verify/jax/probe.js';
import { configOf, deviceOf, readRecords } from '../../runtimes/xla/records.js';

const record = readRecords('tests/data/xla-gpu.jsonl')[2]!;
const config = { ...configOf(record), device: deviceOf(record) };
const options = { timeoutMs: 20_000 };

/** A program that stands where Python is expected. */
function standIn(script: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'gc-plan-')), 'python');
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

const refusal = async (python: string): Promise<InputError> => {
  const error = await runJaxProbe(config, { ...options, python }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
};

describe('the JAX probe', () => {
  it('adds up memory_analysis() to the bytes that peakLiveBytes predicts', () => {
    const { argument_bytes, output_bytes, alias_bytes, temp_bytes, peak_bytes_estimate } = record;
    const analysis = {
      version: 'jaxlib 0.10.2',
      device: 'h100',
      argumentBytes: argument_bytes,
      outputBytes: output_bytes,
      aliasBytes: alias_bytes,
      temporaryBytes: temp_bytes,
    };
    expect(measurementOf(analysis, 'python3').peakLiveBytes).toBe(peak_bytes_estimate);
  });

  it('hands the resolved configuration to Python and reads its last line of JSON', async () => {
    const answer =
      '{"version":"jaxlib 1","device":"h100","argumentBytes":5,"outputBytes":3,"aliasBytes":3,"temporaryBytes":7}';
    const python = standIn(`grep -q '"hiddenDim":512' || exit 9\necho a warning\necho '${answer}'`);
    expect((await runJaxProbe(config, { ...options, python })).peakLiveBytes).toBe(12);
  });

  it('names the packages that are missing and the command that installs them', async () => {
    const { code, message, nextSteps } = await refusal(
      standIn(`echo '{"missing":["dm-haiku","graphcast @ git+https://example.org/graphcast@1"]}'; exit 3`),
    );
    expect(code).toBe('python-packages-missing');
    expect(message).toMatch(/dm-haiku, graphcast\.$/);
    expect(nextSteps[0]).toMatch(/-m pip install "dm-haiku" "graphcast @ git\+https:\/\/example\.org\/graphcast@1"/);
  });

  it('says so where there is no such Python', async () => {
    expect((await refusal('/nowhere/python3')).code).toBe('python-missing');
  });

  it('shows the end of what Python wrote where it dies without an answer', async () => {
    expect((await refusal(standIn('echo boom >&2; exit 1'))).message).toContain('boom');
  });

  it('ends Python at the time limit', async () => {
    const python = standIn('exec sleep 60');
    await expect(runJaxProbe(config, { python, timeoutMs: 200 })).rejects.toMatchObject({ code: 'probe-timeout' });
  });

  it('passes on what the probe does not compile', async () => {
    const error = await refusal(standIn(`echo '{"unsupported":"edge blocks"}'; exit 4`));
    expect(error.code).toBe('not-compiled');
    expect(error.message).toContain('edge blocks');
  });
});
