import { describe, expect, it } from 'vitest';
import { invoke } from '../cli/invoke.js';

describe('the table', () => {
  const argv = ['sweep', 'tiny', '--runtime', 'pytorch', '--vram', '2GB', '--to', '1024/16'];

  it.each([80, 120])('fits %i columns and looks as it did', async (columns) => {
    const { stdout } = await invoke(argv, { columns });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(stdout).toMatchFileSnapshot(`../data/golden/sweep-${columns}.txt`);
  });

  it('is the same piped, and with NO_COLOR on a terminal', async () => {
    const piped = await invoke(argv, { columns: 80 });
    const plain = await invoke(argv, { columns: 80, isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).toBe(piped.stdout);
  });

  it('of solve looks as it did', async () => {
    const { stdout } = await invoke(['solve', 'tiny', '--for', 'batch', '--runtime', 'pytorch', '--vram', '1GB'], {
      columns: 80,
    });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    await expect(stdout).toMatchFileSnapshot('../data/golden/solve-80.txt');
  });
});
