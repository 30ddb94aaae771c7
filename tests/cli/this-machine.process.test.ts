/** `--gpu auto` asks nvidia-smi: a program of that name on PATH stands in for it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-smi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bin = join(import.meta.dirname, '../../bin/run.js');

function run(command: readonly string[], script: string | undefined) {
  const smi = join(folder, 'nvidia-smi');
  rmSync(smi, { force: true });
  if (script !== undefined) {
    writeFileSync(smi, `#!/bin/sh\n${script}\n`);
    chmodSync(smi, 0o755);
  }
  const env = { ...process.env, PATH: `${folder}:/usr/bin:/bin`, XDG_DATA_HOME: folder };
  const { status, stdout } = spawnSync(process.execPath, [bin, ...command, '--json'], {
    encoding: 'utf8',
    env,
    cwd: folder,
    maxBuffer: 2 ** 28,
  });
  return { status, report: JSON.parse(stdout) };
}

const t4 = "echo 'Tesla T4, 15360'";

describe('--gpu auto', () => {
  it.each([
    [['estimate', 'tiny']],
    [['explain', 'tiny']],
    [['advise', 'tiny']],
    [['sweep', 'tiny', '--layers', '1,2']],
    [['solve', 'tiny', '--for', 'batch']],
  ])('%j reads the card of this machine', (command) => {
    const { status, report } = run([...command, '--gpu', 'auto'], t4);
    expect(status).toBe(0);
    expect((report.config?.device ?? report.device).name).toBe('t4');
    expect(report.assumptions).toContain('--gpu auto: nvidia-smi lists Tesla T4 first on this machine.');
  });

  it('init takes it by default and when it is typed', () => {
    for (const flags of [[], ['--gpu', 'auto']])
      expect(run(['init', '--force', ...flags], t4).report).toMatchObject({ gpu: 't4', foundBy: 'nvidia-smi' });
  });

  it.each([
    ['no nvidia-smi', undefined, 'no-gpu'],
    ['no driver', 'echo "NVIDIA-SMI has failed" >&2; exit 9', 'no-gpu'],
    ['no GPU', 'exit 0', 'no-gpu'],
    ['no answer', 'echo hello', 'no-gpu'],
    ['a stream without end', 'yes "Tesla T4, 15360"', 'no-gpu'],
    ['a card that nobody knows', "printf 'NVIDIA \\033[31mX9000, 24576\\n'", 'unknown-gpu'],
  ])('%s is an input error that says what to type', (_, script, code) => {
    const { status, report } = run(['estimate', 'tiny', '--gpu', 'auto'], script);
    expect([status, report.code]).toEqual([2, code]);
    expect(report.nextSteps.join(' ')).toContain('--vram');
    expect(JSON.stringify(report)).not.toContain('\\u001b');
  });

  it('an nvidia-smi that never ends is given up after five seconds', () => {
    const file = join(folder, 'slept');
    const { status, report } = run(['estimate', 'tiny', '--gpu', 'auto'], `sleep 300 & sleep 300; touch ${file}`);
    expect([status, report.code]).toEqual([2, 'no-gpu']);
    expect(existsSync(file)).toBe(false);
  });
});
