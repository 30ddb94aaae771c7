/**
 * `gc-plan verify --plan` with real steps: every stage once through 64 samples, in a process of its own on `dist/`. The native backend
 * needs `npm run tfjs:native`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { PlanVerification } from '../../../src/reports/verify-plan/schema.js';
import { invoke } from '../../cli/invoke.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const least = ['--grid', '5x8', '--mesh-level', '0', '--batch', '16', '--tape', 'lean'];

describe('a plan is trained stage by stage', () => {
  it.each([
    ['js', '16/2', '32/4', ['16/2', '16/4', '32/4']],
    ['node', '256/8', '512/16', ['256/8', '256/16', '512/16']],
  ])('%s: %s → %s', { timeout: 600_000 }, async (backend, from, to, sizes) => {
    const ledger = join(folder, `${backend}.jsonl`);
    const argv = ['verify', '--plan', '--backend', backend, '--from', from, '--to', to, ...least];
    const { exit, stdout, stderr } = await invoke([...argv, '--ledger', ledger, '--json']);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const { stages, samples, steps, verdict } = JSON.parse(stdout) as PlanVerification;
    expect(verdict).toEqual({ kind: 'within' });
    expect(stages.map(({ hiddenDim, layers }) => `${hiddenDim}/${layers}`)).toEqual(sizes);
    expect(samples.training).toBeGreaterThanOrEqual(64);
    expect(steps * 16).toBeGreaterThanOrEqual(samples.training);
    for (const [index, { predicted, run }] of stages.entries()) {
      const { heldOutLoss, measured, losses, grown } = run!;
      expect(losses).toHaveLength(steps);
      expect(heldOutLoss.end).toBeLessThan(heldOutLoss.start);
      for (const key of ['parameterBytes', 'forwardEndBytes', 'peakLiveBytes', 'optimizerBytes'] as const)
        expect(Math.abs(predicted[key] / measured[key] - 1)).toBeLessThan(0.01);
      if (index === 0) continue;
      const before = stages[index - 1]!.run!.heldOutLoss.end;
      expect(Math.abs(heldOutLoss.start / before - 1)).toBeLessThan(0.01);
      expect(grown!.predictionDifference).toBeLessThan(1e-4);
    }
    // Each stage is a verification, which the next estimates of this runtime learn from.
    const entries = readFileSync(ledger, 'utf8').trim().split('\n');
    expect(entries.map((line) => JSON.parse(line).verdict)).toEqual(sizes.map(() => 'within'));
  });
});
