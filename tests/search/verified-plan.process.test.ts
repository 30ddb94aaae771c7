import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sweep } from '../../src/services/sweep.js';

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

describe('the plan for tiny', () => {
  it('holds in real training steps: every recommended stage is verified within 1 %', { timeout: 600_000 }, async () => {
    const { plan } = await sweep({ model: 'tiny', flags: { runtime: 'tfjs', vram: '24GB', batch: '1' } });
    expect(plan.stages.length).toBeGreaterThanOrEqual(3);
    for (const { command } of plan.stages) {
      const [, , ...stage] = command.split(' ');
      const typed = ['verify', ...stage, '--backend', 'node', '--steps', '2', '--json'];
      const { verdict } = JSON.parse(execFileSync(process.execPath, [bin, ...typed], { encoding: 'utf8' }));
      expect(verdict).toEqual({ kind: 'within' });
    }
  });
});
