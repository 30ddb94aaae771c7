/** Real steps compiled by a real jaxlib, by the built command line: `npm run build` and `npm run jax:install` first. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDevice } from '../../../src/config/profiles.js';
import { liveness } from '../../../src/memory/liveness.js';
import { categories } from '../../../src/memory/trace.js';
import type { Capture } from '../../../src/reports/capture/schema.js';
import { type CapturedTrace, readTrace } from '../../../src/verify/capture/trace-file.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const packages = at('../../../.cache/jax');
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-jax-'));
afterAll(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, PYTHONPATH: packages };

const gcPlan = (...argv: readonly string[]) =>
  new Promise<{
    readonly exit: number;
    readonly report: Capture & { readonly code?: string; readonly message?: string };
  }>((resolve) =>
    execFile(process.execPath, [at('../../../bin/run.js'), ...argv, '--json'], { env }, (error, stdout) =>
      resolve({ exit: typeof error?.code === 'number' ? error.code : 0, report: JSON.parse(stdout) }),
    ),
  );

const traceOf = (name: string) => join(folder, `${name}.trace.gz`);
const captured = (file: string, name: string, ...flags: readonly string[]) =>
  gcPlan('capture', '--runtime', 'jax', `${file}:${name}`, '--gpu', 'h100-80gb', '--trace', traceOf(name), ...flags);

const steps = [...readFileSync(at('./steps.py'), 'utf8').matchAll(/^def (\w+)\((?:batch.*)?\):$/gm)].map(
  ([, name]) => name!,
);

/** Bytes of the arrays that a test names. */
const bytesWhere = ({ trace, bytesOfBuffer }: CapturedTrace, is: (buffer: number, category: string) => boolean) =>
  bytesOfBuffer.reduce(
    (sum, bytes, buffer) => sum + (is(buffer, categories[trace.bufferCategory[buffer]!]!) ? bytes : 0),
    0,
  );
const shapeOf = ({ trace }: CapturedTrace, buffer: number) =>
  trace.layouts[trace.bufferLayout[buffer]!]!.shape.map(({ factor }) => factor).join('×');

describe.skipIf(!existsSync(packages))('gc-plan capture --runtime jax', () => {
  const compiled = new Map<string, CapturedTrace>();
  beforeAll(async () => {
    expect(steps.length).toBeGreaterThanOrEqual(5);
    for (const name of steps) {
      const { exit, report } = await captured(at('./steps.py'), name);
      expect({ name, exit, message: report.message }).toEqual({ name, exit: 0, message: undefined });
      compiled.set(name, await readTrace(traceOf(name)));
    }
  });

  it('is alive at its peak with what JAX’s own memory_analysis says: arguments + outputs − aliased + temporaries', () => {
    const { stdout, stderr } = spawnSync(
      'python3',
      [at('./analysis.py'), at('../../../src/verify/jax'), at('./steps.py'), ...steps],
      { env, encoding: 'utf8', input: JSON.stringify(loadDevice('h100-80gb')) },
    );
    const analyses = stdout
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(analyses.length, stderr).toBe(steps.length);
    for (const line of analyses) {
      const { step, ...analysis } = JSON.parse(line);
      const { head, trace, bytesOfBuffer } = compiled.get(step)!;
      expect.soft({ step, ...head.compiled }).toMatchObject({ step, ...analysis });
      const { argumentBytes, outputBytes, aliasBytes, temporaryBytes } = analysis;
      expect
        .soft({ step, live: liveness(trace, {}, bytesOfBuffer).peak.liveBytes })
        .toEqual({ step, live: argumentBytes + outputBytes - aliasBytes + temporaryBytes });
    }
  });

  it('tells parameters, optimizer state and data apart, as counted by hand', () => {
    const mlp = compiled.get('mlp')!;
    const parameters = 64 * 256 + 256 + (256 * 256 + 256) + (256 * 32 + 32);
    expect(mlp.head.parameters).toEqual({ count: parameters, bytes: 4 * parameters });
    const ofCategory = (step: CapturedTrace, wanted: string) => bytesWhere(step, (_, category) => category === wanted);
    expect(ofCategory(mlp, 'parameter')).toBe(4 * parameters);
    expect(ofCategory(mlp, 'optimizer')).toBe(4 * parameters);
    expect(ofCategory(mlp, 'input')).toBe(4 * 4096 * (64 + 32));
    expect(mlp.head.compiled!.aliasBytes).toBe(2 * 4 * parameters);
    // One argument that holds all: its parts that the loss reads are the parameters, two moments and a counter are not.
    const attention = compiled.get('attention')!;
    const ofBlocks = 2 * (3 * 256 * 256 + 2 * 256 * 1024);
    expect(attention.head.parameters.count).toBe(ofBlocks);
    expect(ofCategory(attention, 'optimizer')).toBe(2 * 4 * ofBlocks + 4);
    expect(attention.head.compiled!.constantBytes).toBe(4 * 512 * 256);
    // Gradients that come out beside the loss.
    const gradients = compiled.get('gradients')!;
    expect(ofCategory(gradients, 'gradient')).toBe(gradients.head.parameters.bytes);
    expect(compiled.get('forecast')!.trace.marks.map(({ phase }) => phase)).toEqual(['setup', 'forward']);
    expect(compiled.get('forecast')!.head.notes.join()).toContain('Not read, and so not in the program: unread');
  });

  it('keeps what a scan stacks for its transposed scan, once, from the first loop to the second', () => {
    const recurrent = compiled.get('recurrent')!;
    const stacked = [...recurrent.bytesOfBuffer.keys()].filter((buffer) => shapeOf(recurrent, buffer) === '50×256×128');
    // hidden before, hidden after and tanh's own, and at the end of the first loop the gradient of the mean.
    const kept = stacked.filter((buffer) => categories[recurrent.trace.bufferCategory[buffer]!] === 'activation');
    expect(kept.length).toBe(3);
    expect(kept.every((buffer) => recurrent.bytesOfBuffer[buffer] === 4 * 50 * 256 * 128)).toBe(true);
  });

  it('names the module of a scope, forward, backward and recomputed', () => {
    const modules = (name: string) => compiled.get(name)!.trace.modules;
    expect(modules('mlp')).toEqual(
      expect.arrayContaining(['layer_0', 'layer_1', 'layer_2', 'sgd', 'optimizer', 'inputs']),
    );
    expect(modules('attention').filter((name) => name.startsWith('block_1'))).toEqual(['block_1']);
    const { trace } = compiled.get('attention')!;
    const isReplayed = (buffer: number) =>
      trace.operations[trace.bufferOperation[buffer]!]!.startsWith('block_0: transpose');
    expect(
      bytesWhere(compiled.get('attention')!, (buffer, category) => isReplayed(buffer) && category === 'activation'),
    ).toBeGreaterThan(0);
  });

  it('gives estimate JAX’s rules: its share of the card, a range over cuBLAS and Triton, no allocator of PyTorch', async () => {
    const estimate = async (...flags: readonly string[]) =>
      (await gcPlan('estimate', '--trace', traceOf('attention'), ...flags)) as unknown as {
        readonly exit: number;
        readonly report: {
          readonly code?: string;
          readonly config: { readonly recipe: object };
          readonly memory: Readonly<Record<string, number>> & { readonly range: Readonly<Record<string, number>> };
          readonly verdict: { readonly kind: string; readonly usableBytes: number };
        };
      };
    const { report } = await estimate('--gpu', 'h100-80gb');
    const { contextBytes, reportedBytes } = loadDevice('h100-80gb');
    const { temporaryRange, temporaryBytes, constantBytes } = compiled.get('attention')!.head.compiled!;
    expect(report.config.recipe).toEqual({ mode: 'train', memFraction: 0.75, jaxAllocator: 'default' });
    expect(report.verdict.usableBytes).toBe(Math.floor(0.75 * reportedBytes) + contextBytes.jax);
    expect(report.memory.preallocatedBytes).toBe(Math.floor(0.75 * reportedBytes));
    expect(temporaryRange.highBytes).toBe(temporaryBytes);
    const { range, deviceBytes, peakLiveBytes, peakAllocatedBytes } = report.memory;
    expect(range!.highBytes).toBe(deviceBytes);
    // Triton's arena is smaller; the pool rounds each array to 256 bytes.
    expect(Math.abs(range.highBytes! - range.lowBytes! - (temporaryBytes - temporaryRange.lowBytes))).toBeLessThan(512);
    expect(peakAllocatedBytes! - peakLiveBytes! - constantBytes).toBeLessThan(256 * 40);
    const more = await estimate('--gpu', 'h100-80gb', '--mem-fraction', '0.9');
    expect(more.report.verdict.usableBytes).toBe(Math.floor(0.9 * reportedBytes) + contextBytes.jax);
    expect(await estimate('--allocator', 'expandable')).toMatchObject({ exit: 2, report: { code: 'fixed-by-trace' } });
  });

  it('compiles another batch, and refuses what it cannot: no card, no step, code that fails, an option of PyTorch', async () => {
    const small = await captured(at('./steps.py'), 'mlp', '--batch', '512');
    const { aliasBytes, argumentBytes } = small.report.trace!.compiled!;
    expect(argumentBytes - aliasBytes).toBe(4 * 512 * (64 + 32));
    const file = join(folder, 'user.py');
    writeFileSync(
      file,
      `import jax
shape = jax.ShapeDtypeStruct((3, 4), 'float32')

def wrong():
  return jax.jit(lambda a, b: a @ b), (shape, shape)

def nothing():
  return 3
`,
    );
    const refused = async (name: string, ...flags: readonly string[]) => {
      const { exit, report } = await captured(file, name, ...flags);
      expect(exit).toBe(2);
      return `${report.code}: ${report.message}`;
    };
    expect(await refused('wrong')).toMatch(/^step-failed: user\.py:5: TypeError: dot_general/);
    expect(await refused('nothing')).toMatch(/^no-step: nothing\(\) returned int/);
    expect(await refused('wrong', '--checkpoint', 'a')).toMatch(/^not-in-runtime/);
    expect(await gcPlan('capture', '--runtime', 'jax', `${file}:wrong`)).toMatchObject({
      exit: 2,
      report: { code: 'missing-card' },
    });
  });
});
