import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { stepsBar } from '../../src/cli/progress.js';
import type { Doctor } from '../../src/reports/doctor/schema.js';
import { nvidiaGpus } from '../../src/services/doctor.js';
import { chooseBackend } from '../../src/verify/backends/index.js';
import { nativeState } from '../../src/verify/backends/native.js';
import { installable, tfjsVersion } from '../../src/verify/backends/packages.js';
import { parseVerifyOptions } from '../../src/verify/options.js';
import { invoke } from '../cli/invoke.js';

const missing = { kind: 'missing', reason: 'it is not there' } as const;

describe('a backend', () => {
  it('is the best that is there unless one is asked for', () => {
    const installed = { kind: 'installed', version: '4.22.0', folder: '/native' } as const;
    expect(chooseBackend('auto', { native: installed, js: '/js' })).toEqual({ kind: 'native', folder: '/native' });
    expect(chooseBackend('auto', { native: missing, js: '/js' })).toEqual({ kind: 'js', folder: '/js' });
    expect(chooseBackend('js', { native: installed, js: '/js' })).toEqual({ kind: 'js', folder: '/js' });
  });

  it.each(['auto', 'js'] as const)('%s, where nothing is installed, names the command that brings it', (choice) => {
    expect(() => chooseBackend(choice, { native: missing, js: undefined })).toThrow(
      expect.objectContaining({
        code: 'missing-backend',
        nextSteps: expect.arrayContaining([expect.stringContaining('gc-plan verify --install js')]),
      }),
    );
  });

  it.each(installable)(
    'installs by the %s lock what a clone has, every package with its hash, no registry named',
    (which) => {
      const text = readFileSync(`src/verify/backends/${which}.lock.json`, 'utf8');
      const { packages } = JSON.parse(text) as {
        packages: Record<string, { version?: string; integrity?: string; dependencies?: Record<string, string> }>;
      };
      const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
      const { '': root, ...others } = packages;
      for (const [name, version] of Object.entries(root!.dependencies!)) {
        expect(version).toBe(tfjsVersion);
        expect(devDependencies[name]).toBe(version);
      }
      expect(Object.values(others).filter(({ integrity }) => !/^sha512-/.test(integrity ?? ''))).toEqual([]);
      expect(text).not.toContain('"resolved"');
    },
  );

  it.each(['node', 'node-gpu'] as const)(
    '%s that is missing is explained with the command that installs it',
    (choice) => {
      expect(() => chooseBackend(choice, { native: missing, js: '/js' })).toThrow(
        expect.objectContaining({
          code: 'missing-backend',
          message: `--backend ${choice}: it is not there.`,
          nextSteps: expect.arrayContaining([expect.stringContaining('gc-plan verify --install native')]),
        }),
      );
    },
  );
});

describe('the doctor', () => {
  it('says of every backend whether it runs, and why not', async () => {
    const { exit, stdout } = await invoke(['verify', '--doctor', '--json']);
    const { backends, chosen }: Doctor = JSON.parse(stdout);
    expect(exit).toBe(0);
    expect(backends.find(({ name }) => name === 'js')).toMatchObject({ runs: true, version: '4.22.0' });
    expect(backends.find(({ name }) => name === chosen)!.runs).toBe(true);
    for (const { runs, reason } of backends) expect(runs || reason !== undefined).toBe(true);
    expect(backends.find(({ name }) => name === 'node')!.runs).toBe(nativeState().kind === 'installed');
  });
});

describe('nvidia-smi', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-nvidia-smi-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  const saying = (script: string) => {
    writeFileSync(
      join(folder, 'nvidia-smi'),
      `#!/bin/sh
${script}
`,
      { mode: 0o755 },
    );
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  };

  it('is quoted, card by card', async () => {
    saying('echo "NVIDIA L4, 23034 MiB, 550.54"; echo "NVIDIA T4, 15360 MiB, 550.54"');
    expect(await nvidiaGpus()).toEqual({
      gpus: [
        { name: 'NVIDIA L4', memory: '23034 MiB', driver: '550.54' },
        { name: 'NVIDIA T4', memory: '15360 MiB', driver: '550.54' },
      ],
    });
  });

  it.each([
    ['exec sleep 60', /^nvidia-smi did not answer within 0.3 s/],
    ['echo "No devices were found"; exit 6', /^nvidia-smi finds no card: No devices were found$/],
    ['exit 9', /^nvidia-smi finds no card: it ended with exit code 9$/],
    ['true', /^nvidia-smi lists no card$/],
  ])('that does "%s" costs no more than its time, and the report says why it lists no card', async (script, reason) => {
    saying(script);
    const { gpus, noGpus } = await nvidiaGpus(300);
    expect(gpus).toEqual([]);
    expect(noGpus).toMatch(reason);
  });

  it('that is not there is said not to be there', async () => {
    vi.stubEnv('PATH', join(folder, 'nowhere'));
    expect(await nvidiaGpus()).toEqual({ gpus: [], noGpus: 'there is no nvidia-smi' });
  });
});

describe('options of verify', () => {
  it.each([
    ['1%', 1],
    ['0.5 %', 0.5],
    ['2', 2],
  ])('--tolerance %s is %s percent', (typed, percent) => {
    expect(parseVerifyOptions({ tolerance: typed }).tolerancePercent).toBe(percent);
  });

  it.each([
    [{ backend: 'wasm' }, /--backend wasm: must be auto, node-gpu, node or js/],
    [{ steps: '1' }, /--steps "?1"?: must be a whole number from 2/],
    [{ tolerance: 'close' }, /--tolerance "?close"?: must be a number/],
  ])('%j is explained', (flags, message) => {
    expect(() => parseVerifyOptions(flags)).toThrow(message);
  });

  it('a runtime that is not run here is compared with --measured', async () => {
    const { exit, stdout } = await invoke(['verify', 'tiny', '--runtime', 'pytorch', '--json']);
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'not-run-here',
      nextSteps: expect.arrayContaining([expect.stringContaining('--measured FILE')]),
    });
  });
});

describe('the progress bar', () => {
  const io = (isTTY: boolean) => {
    const written: string[] = [];
    const stderr = { write: (text: string) => written.push(text), isTTY, columns: 80 };
    return { written, io: { stdout: stderr, stderr, env: {}, signal: new AbortController().signal } };
  };
  const progress = (step: number, phase: 'forward' | 'backward') =>
    ({ kind: 'progress', step, numSteps: 4, phase }) as const;

  it('shows step, phase and the time left at the pace so far', async () => {
    const { written, io: terminal } = io(true);
    const bar = await stepsBar(terminal);
    bar.show(progress(1, 'forward'));
    await sleep(600);
    bar.show(progress(2, 'backward'));
    bar.stop();
    expect(written.join('')).toContain('step 1 of 4, forward');
    // At the pace of this machine: 600 ms a step, or more under load.
    expect(written.join('')).toMatch(/step 2 of 4, backward, ([2-9]|\d\d+) s left/);
  });

  it('writes nothing where there is no terminal', async () => {
    const { written, io: pipe } = io(false);
    (await stepsBar(pipe)).show(progress(1, 'forward'));
    expect(written).toEqual([]);
  });
});

describe('the doctor of a runtime that runs in Python', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-python-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const python = join(folder, 'python');
  const said = async (script: string) => {
    writeFileSync(python, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { stdout, exit } = await invoke(['verify', '--doctor', '--runtime', 'jax', '--python', python, '--json']);
    expect(exit).toBe(0);
    return (JSON.parse(stdout) as Doctor).python;
  };

  it('asks that Python for JAX’s packages by their names, and says what names the line that installs one that is missing', async () => {
    const answerWith = (graphcast: string) =>
      `{"version": "3.11.2", "packages": [{"name": "jax", "version": "0.10.2"}, {"name": "graphcast"${graphcast}}]}`;
    const saying = (answer: string) => said(`case "$*" in *jaxlib*dm-haiku*) echo '${answer}';; esac`);
    const whole = answerWith(', "version": "0.1"');
    expect(await saying(whole)).toEqual({ path: python, ...JSON.parse(whole) });
    const nextSteps = [expect.stringMatching(/^gc-plan verify MODEL --runtime jax /)];
    expect(await saying(answerWith(''))).toEqual({ path: python, ...JSON.parse(answerWith('')), nextSteps });
  });

  it('says why a Python says nothing, and still ends with 0', async () => {
    expect(await said('echo no module named json >&2; exit 1')).toMatchObject({ reason: 'no module named json' });
    for (const script of ['echo -c', 'echo {}'])
      expect(await said(script)).toMatchObject({ packages: [], reason: 'it does not answer as Python does' });
    rmSync(python);
    const { stdout } = await invoke(['verify', '--doctor', '--runtime', 'jax', '--python', python, '--json']);
    expect((JSON.parse(stdout) as Doctor).python?.reason).toContain('There is no');
  });

  it('is silent about Python without a runtime that asks it', async () => {
    const { stdout } = await invoke(['verify', '--doctor', '--json']);
    expect(JSON.parse(stdout)).not.toHaveProperty('python');
  });
});
