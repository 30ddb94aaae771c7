import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invoke } from '../cli/invoke.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-init-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('gc-plan init', () => {
  it.each(['t4', 'a100-80gb', 'h200'])('writes a plan for %s that gc-plan check passes at once', async (gpu) => {
    const file = join(folder, `${gpu}.yaml`);
    const { exit, stdout } = await invoke(['init', '--gpu', gpu, '--file', file, '--json']);
    expect([exit, JSON.parse(stdout).gpu]).toEqual([0, gpu]);
    expect((await invoke(['check', file])).exit).toBe(0);
  });

  it('keeps a file that is there, unless told otherwise', async () => {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, 'mine');
    expect((await invoke(['init', '--gpu', 't4', '--file', file])).exit).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await invoke(['init', '--gpu', 't4', '--file', file, '--force'])).exit).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('gpu: t4');
  });

  it('refuses a card that nobody knows, and writes nothing', async () => {
    const file = join(folder, 'unknown.yaml');
    expect((await invoke(['init', '--gpu', 'a1000-40gb', '--file', file])).exit).toBe(2);
    expect(existsSync(file)).toBe(false);
  });
});
