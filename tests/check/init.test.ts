import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardOfProduct } from '../../src/check/nvidia-smi.js';
import { loadDevice, profileNames } from '../../src/config/profiles.js';
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

  /** Product names as nvidia-smi prints them. */
  it.each([
    ['NVIDIA A100-SXM4-40GB, 40960', 'a100-40gb'],
    ['NVIDIA A100 80GB PCIe, 81920', 'a100-80gb'],
    ['NVIDIA H100 80GB HBM3, 81559', 'h100-80gb'],
    ['NVIDIA H100 PCIe, 81559', 'h100-pcie'],
    ['NVIDIA H100 NVL, 95830', 'h100-nvl'],
    ['NVIDIA GeForce RTX 4090, 24564', 'rtx-4090'],
    ['NVIDIA GeForce RTX 2080 Ti, 11264', 'rtx-2080-ti'],
    ['Tesla T4, 15360', 't4'],
    ['Tesla V100-SXM2-16GB, 16160', 'v100-16gb'],
    ['Tesla V100-SXM2-32GB, 32510', 'v100-32gb'],
    ['NVIDIA L40S, 46068', 'l40s'],
    ['NVIDIA L4, 23034', 'l4'],
    ['NVIDIA A10G, 23028', 'a10g'],
    ['NVIDIA RTX 6000 Ada Generation, 49140', 'rtx-6000-ada'],
    ['NVIDIA H200, 143771', 'h200'],
    ['NVIDIA RTX A6000, 49140', 'a6000'],
  ])('knows %s as %s', (line, name) => {
    expect(cardOfProduct(line, profileNames('gpus').map(loadDevice))?.name).toBe(name);
  });

  it('does not take an unknown card for a known one', () => {
    expect(cardOfProduct('NVIDIA GeForce GTX 1080, 8192', profileNames('gpus').map(loadDevice))).toBeUndefined();
  });
});
