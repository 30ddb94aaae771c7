/** The prediction is made in this process, where a rule can be broken; the steps run in a process of their own, from `dist/`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Verification } from '../../src/reports/verify/schema.js';
import { SymbolicOps } from '../../src/runtimes/tfjs/symbolic.js';
import type { SymbolicTensor } from '../../src/runtimes/tfjs/symbolic-tensor.js';
import { invoke } from '../cli/invoke.js';
import { small } from './steps.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function verifySmall(): Promise<{ readonly exit: number; readonly report: Verification }> {
  const flags = Object.entries(small).flatMap(([name, value]) => [`--${name}`, value]);
  const ledger = join(folder, 'ledger.jsonl');
  const { exit, stdout } = await invoke(['verify', ...flags, '--backend', 'js', '--ledger', ledger, '--json']);
  return { exit, report: JSON.parse(stdout) };
}

describe('a wrong estimate is caught', () => {
  it('the right one passes and parts nowhere', async () => {
    const { exit, report } = await verifySmall();
    expect(exit).toBe(0);
    expect(report.verdict).toEqual({ kind: 'within' });
    expect(report.firstDivergence).toBeUndefined();
  });

  it('one that forgets that an addition keeps both terms fails, and names the array that it let go too early', async () => {
    const { add } = SymbolicOps.prototype;
    vi.spyOn(SymbolicOps.prototype, 'add').mockImplementation(function (this: SymbolicOps, a: Term, b: Term) {
      if (typeof a === 'number' || typeof b === 'number') return add.call(this, a, b);
      const y = this.engine.make(a.shape, 'Add');
      return this.engine.record({ a, b }, y, [], (dy) => ({
        a: () => this.engine.alias(dy),
        b: () => (b.shape.length < a.shape.length ? this.sum(dy, 0) : this.engine.alias(dy)),
      }));
    });
    const { exit, report } = await verifySmall();
    expect(exit).toBe(1);
    expect(report.verdict).toEqual({ kind: 'outside' });
    // The product of the first linear layer: the first array that only the addition of its bias keeps.
    expect(report.firstDivergence!.operation).toBe('grid2mesh.embedGridNodes linear 0: BatchMatMul');
  });
});

type Term = SymbolicTensor | number;
