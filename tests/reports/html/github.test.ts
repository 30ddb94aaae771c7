import { describe, expect, it } from 'vitest';
import { invoke } from '../../cli/invoke.js';

const github = (...argv: readonly string[]) => invoke(['estimate', ...argv, '--format', 'github']);

describe('gc-plan estimate --format github', () => {
  it('annotates a no, and only a no', async () => {
    const no = await github('graphcast', '--gpu', 't4');
    expect(no.exit).toBe(1);
    expect(no.stdout).toMatch(/^::error title=gc-plan estimate::graphcast · .*: does not fit on t4: /);
    const yes = await github('tiny', '--gpu', 't4');
    expect([yes.exit, yes.stdout.includes('::error')]).toEqual([0, false]);
  });

  it('holds the command that gives the same summary', async () => {
    const { stdout } = await github('tiny', '--gpu', 't4');
    expect(stdout).toContain('<code>gc-plan estimate tiny --gpu t4 --format github</code>');
  });
});
