/** `gc-plan grow` on real files. `npm run jax:install` brings NumPy, `npm run torch:install` torch. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { invoke } from '../../cli/invoke.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const packages = ['../../../.cache/jax', '../../../.cache/torch'].map(at).filter((folder) => existsSync(folder));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-grow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name);

/** `width`, `steps`: a GraphCast checkpoint, as checkpoint.py writes it, of random values. */
function writeCheckpoint(name: string, width: number, steps: number): void {
  const script = `
import json, numpy, sys
case = json.load(open(sys.argv[1]))["cases"][0]
width, steps = int(sys.argv[3]), int(sys.argv[4])
random = numpy.random.default_rng(0)
arrays = {}
for name, shape in case["arrays"].items():
  if "/processor_" in name and name.startswith("params:mesh_gnn") and "_0_" not in name: continue
  shape = [width * (n // 16) if n % 16 == 0 else n for n in shape]
  names = [name.replace("_0_", f"_{step}_") for step in range(steps)] if "params:mesh_gnn" in name and "/processor_" in name else [name]
  for each in names: arrays[each] = random.standard_normal(shape, dtype=numpy.float32)
arrays |= {"model_config:latent_size": width, "model_config:gnn_msg_steps": steps, "description": "a test's"}
numpy.savez(open(sys.argv[2], "wb"), **arrays)
`;
  execFileSync('python3', [
    '-c',
    script,
    at('../../data/graphcast-checkpoint-arrays.json'),
    file(name),
    `${width}`,
    `${steps}`,
  ]);
}

const read = (name: string) =>
  JSON.parse(
    execFileSync('python3', [
      '-c',
      'import json, numpy, sys; z = numpy.load(sys.argv[1]); print(json.dumps({k: [list(z[k].shape), str(z[k]) if z[k].ndim == 0 else float(abs(z[k]).sum())] for k in z.files}))',
      file(name),
    ]).toString(),
  ) as Record<string, [number[], number | string]>;

describe.skipIf(packages.length === 0)('gc-plan grow', () => {
  process.env.PYTHONPATH = packages.join(':');
  beforeEach(() => {
    for (const name of readdirSync(folder)) rmSync(file(name), { recursive: true });
  });

  it('writes every array of the larger model, the settings with its size, and the same bytes every time', async () => {
    writeCheckpoint('a.npz', 16, 2);
    const { exit, stdout, stderr } = await invoke([
      'grow',
      file('a.npz'),
      file('b.npz'),
      '--hidden-dim',
      '32',
      '--layers',
      '3',
      '--json',
    ]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const report = JSON.parse(stdout);
    const written = read('b.npz');
    expect(report.arrays.map(({ name }: { name: string }) => name)).toEqual(Object.keys(written));
    expect(written['model_config:latent_size']![1]).toBe('32');
    expect(written['model_config:gnn_msg_steps']![1]).toBe('3');
    expect(written.description![1]).toBe("a test's");
    const closing = 'params:mesh_gnn/~_networks_builder/processor_edges_2_mesh_layer_norm:scale';
    expect(written[closing]).toEqual([[32], 0]);
    await invoke(['grow', file('a.npz'), file('c.npz'), '--hidden-dim', '32', '--layers', '3']);
    expect(readFileSync(file('c.npz')).equals(readFileSync(file('b.npz')))).toBe(true);
  });

  it.each([
    ['cut short', (name: string) => truncateSync(name, 5000), 'damaged-checkpoint'],
    ['not a zip', (name: string) => writeFileSync(name, 'hello'), 'damaged-checkpoint'],
    [
      'damaged inside',
      (name: string) => {
        const bytes = readFileSync(name);
        bytes.fill(7, 300, 4000);
        writeFileSync(name, bytes);
      },
      'damaged-checkpoint',
    ],
    [
      'somebody else’s',
      (name: string) =>
        execFileSync('python3', [
          '-c',
          'import numpy, sys; numpy.savez(open(sys.argv[1], "wb"), conv1=numpy.zeros((64, 3, 7, 7)))',
          name,
        ]),
      'unknown-checkpoint',
    ],
    ['larger than what is asked for', (name: string) => writeCheckpoint(basename(name), 16, 4), 'not-larger'],
  ])('a checkpoint that is %s: nothing is written', async (_, harm, code) => {
    writeCheckpoint('a.npz', 16, 2);
    harm(file('a.npz'));
    const { exit, stdout } = await invoke(['grow', file('a.npz'), file('b.npz'), '--layers', '3', '--json']);
    expect({ exit, code: JSON.parse(stdout).code }).toEqual({ exit: 2, code });
    expect(readdirSync(folder)).toEqual(['a.npz']);
  });

  it('the checkpoint itself is never written to, through a link either', async () => {
    writeCheckpoint('a.npz', 16, 2);
    symlinkSync(file('a.npz'), file('link.npz'));
    for (const target of ['a.npz', 'link.npz']) {
      const { exit, stdout } = await invoke(['grow', file('a.npz'), file(target), '--layers', '3', '--json']);
      expect({ exit, code: JSON.parse(stdout).code }).toEqual({ exit: 2, code: 'same-file' });
    }
  });

  it.each([[['--layers', '18']], [['--hidden-dim', '1024']]])(
    '36 million parameters grow one array at a time, by %j: below four times the file',
    async (size) => {
      writeCheckpoint('a.npz', 512, 16);
      const { length } = readFileSync(file('a.npz'));
      expect(length).toBeGreaterThan(36e6 * 4 * 0.9);
      const python = file('python');
      writeFileSync(
        python,
        `#!/usr/bin/env python3
import resource, subprocess, sys
code = subprocess.run(["python3", *sys.argv[1:]]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, file=open(${JSON.stringify(file('peaks'))}, "a"))
sys.exit(code)
`,
        { mode: 0o755 },
      );
      const { exit } = await invoke(['grow', file('a.npz'), file('b.npz'), ...size, '--python', python]);
      expect(exit).toBe(0);
      const peaksKibibytes = readFileSync(file('peaks'), 'utf8').trim().split('\n').map(Number);
      expect(peaksKibibytes).toHaveLength(2);
      for (const kibibytes of peaksKibibytes) expect(1024 * kibibytes).toBeLessThan(4 * length);
    },
  );
});
