import { describe, expect, it } from 'vitest';
import { invoke } from '../cli/invoke.js';

describe('the table', () => {
  /** A command is one line, whatever its length. */
  const lines = (text: string) => text.split('\n').filter((line) => !line.startsWith('gc-plan '));
  const argv = ['sweep', 'tiny', '--runtime', 'pytorch', '--vram', '2GB', '--to', '1024/16', '--details'];

  it.each([80, 120])('fits %i columns and looks as it did', async (columns) => {
    const { stdout } = await invoke(argv, { columns });
    for (const line of lines(stdout)) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(stdout).toMatchFileSnapshot(`../data/golden/sweep-${columns}.txt`);
  });

  it('is the same piped, and with NO_COLOR on a terminal', async () => {
    const piped = await invoke(argv, { columns: 80 });
    const plain = await invoke(argv, { columns: 80, isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).toBe(piped.stdout);
  });

  it('says which optimizer and what is offloaded where its rows differ in it, within 80 columns', async () => {
    const lists = [
      '--hidden-dim',
      '64',
      '--layers',
      '4',
      '--optimizer',
      'adamw,adafactor',
      '--offload',
      'none,optimizer',
    ];
    const { stdout } = await invoke(['sweep', 'tiny', '--runtime', 'pytorch', '--vram', '2GB', ...lists, '--details'], {
      columns: 80,
    });
    expect(stdout).toMatch(/^size +batch .*optimizer .*offload/m);
    for (const line of lines(stdout)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('plans with offload only where nothing without it fits, however little memory the other way needs', async () => {
    const argv = ['sweep', 'tiny', '--runtime', 'pytorch', '--vram', '24GB', '--layers', '4', '--json'];
    const { stdout } = await invoke([...argv, '--offload', 'none,optimizer']);
    const { plan } = JSON.parse(stdout) as { plan: { stages: { command: string }[] } };
    expect(plan.stages.length).toBeGreaterThan(0);
    for (const { command } of plan.stages) expect(command).toContain('--offload none');
  });

  it('of solve looks as it did', async () => {
    const { stdout } = await invoke(
      ['solve', 'tiny', '--for', 'batch', '--runtime', 'pytorch', '--vram', '1GB', '--details'],
      {
        columns: 80,
      },
    );
    for (const line of lines(stdout)) expect(line.length).toBeLessThanOrEqual(80);
    await expect(stdout).toMatchFileSnapshot('../data/golden/solve-80.txt');
  });
});
