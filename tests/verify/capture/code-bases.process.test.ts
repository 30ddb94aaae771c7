/** The classes that pip installs, captured and compared with the estimate: `npm run build`, `torch:install` and `code-bases:install` first. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { liveness } from '../../../src/memory/liveness.js';
import type { Verification } from '../../../src/reports/verify/schema.js';
import { readTrace } from '../../../src/verify/capture/trace-file.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cached = ['code-bases', 'torch'].map((name) => at(`../../../.cache/${name}`));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-code-bases-'));
const ledger = join(folder, 'ledger.jsonl');
const env = { ...process.env, PYTHONPATH: cached.join(delimiter), XDG_CACHE_HOME: folder };
afterAll(() => rmSync(folder, { recursive: true }));

function verified(...flags: readonly string[]): Verification & { readonly versions: Readonly<Record<string, string>> } {
  const argv = ['verify', ...flags, '--runtime', 'pytorch', '--python', 'python3', '--ledger', ledger, '--json'];
  return JSON.parse(execFileSync(process.execPath, [at('../../../bin/run.js'), ...argv], { env, encoding: 'utf8' }));
}

const small = ['--mesh-level', '2', '--hidden-dim', '32'];
const physicsnemo = [
  'physicsnemo-graphcast',
  '--grid',
  '46x90',
  '--layers',
  '4',
  '--no-recompute-activation',
  ...small,
];
/** Two states of six variables, and eight forcings. */
const states = ['--input-channels', '20', '--output-channels', '6', '--batch', '2'];
const anemoi = ['--grid', '31x60', '--layers', '2', ...small];

describe.skipIf(!cached.every((each) => existsSync(each)))('verify --runtime pytorch --python', () => {
  it.each([
    ['nvidia-physicsnemo', [...physicsnemo, '--precision', 'fp32', '--checkpoint', 'none', '--concat-trick', 'off']],
    [
      'nvidia-physicsnemo',
      [...physicsnemo, '--precision', 'bf16', '--checkpoint', 'encoder+decoder', '--concat-trick', 'eager'],
    ],
    ['anemoi-models', ['anemoi-gnn', ...anemoi, '--checkpoint', 'none']],
    ['neural-lam', ['neural-lam', '--grid', '46x90', '--layers', '2', ...small, ...states, '--checkpoint', 'none']],
    [
      'anemoi-models',
      [
        'anemoi-graphtransformer',
        ...anemoi,
        '--heads',
        '4',
        '--attention-backend',
        'pyg',
        '--checkpoint',
        'processor:every=1',
      ],
    ],
  ])('runs the installed classes of %s: live bytes within 0.1 percent of the estimate', (packageName, flags) => {
    const { verdict, errorsPercent, versions, predicted, measured } = verified(...flags);
    expect(versions[packageName]).toMatch(/^\d+\.\d+/);
    expect(versions.torch).toMatch(/^2\.13\.0/);
    expect(measured!.parameterBytes).toBe(predicted.parameterBytes);
    expect(Math.abs(errorsPercent!.peakLiveBytes)).toBeLessThan(0.1);
    expect(Math.abs(errorsPercent!.forwardEndBytes)).toBeLessThan(0.1);
    expect(verdict.kind).toBe('within');
    const last = JSON.parse(readFileSync(ledger, 'utf8').trim().split('\n').at(-1)!);
    expect(JSON.stringify(last)).toContain(versions[packageName]!);
  });

  it('captures the torch_geometric network of docs/capture.md as the files beside it hold it, with layers recomputed by hand and by name', async () => {
    const committed = async (name: string) => (await readTrace(at(`../../../docs/example/${name}.trace.gz`))).head;
    const captured = async (name: string, ...flags: readonly string[]) => {
      const trace = join(folder, `${name}${flags.length}.trace.gz`);
      const argv = ['capture', `${at('../../../docs/example/mesh_net.py')}:${name}`, '--trace', trace, ...flags];
      execFileSync(process.execPath, [at('../../../bin/run.js'), ...argv], { env });
      const { head, trace: events, bytesOfBuffer } = await readTrace(trace);
      return { head, live: liveness(events, {}, bytesOfBuffer).peak.liveBytes };
    };
    const { head, live } = await captured('make_step_with_checkpoints');
    const { numBuffers, numEvents, parameters, versions } = await committed('make_step_with_checkpoints');
    expect(head).toMatchObject({ numBuffers, numEvents, parameters });
    expect(head.versions['torch-geometric']).toBe(versions['torch-geometric']);
    // Its average of the weights is a copy of the network, whose modules have the same paths.
    expect((await captured('make_step', '--checkpoint', 'processor.*')).live).toBe(live);
  });
});
