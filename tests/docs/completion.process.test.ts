import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { invoke } from '../cli/invoke.js';

/** What bash would offer for the words typed so far, the last one unfinished. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await invoke(['completion', 'bash']);
  const typed = words.map((word) => `'${word}'`).join(' ');
  const script = `${stdout}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _gc_plan; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }).trim().split('\n');
}

describe('completion in bash', () => {
  it('offers commands, then models and flags, then the values of a flag', async () => {
    expect(await offered('gc-plan', 'est')).toEqual(['estimate']);
    expect(await offered('gc-plan', 'estimate', 'graphcast-s')).toEqual(['graphcast-small']);
    expect(await offered('gc-plan', 'estimate', '--hidd')).toEqual(['--hidden-dim']);
    expect(await offered('gc-plan', 'estimate', '--gpu', 'a100')).toEqual(['a100-40gb', 'a100-64gb', 'a100-80gb']);
    expect(await offered('gc-plan', 'estimate', '--runtime', 't')).toEqual(['tfjs']);
  });

  it('offers the values of lists that are too long for a form, those of all commands', async () => {
    expect(await offered('gc-plan', 'estimate', '--optimizer', 'ada')).toEqual([
      'adamw',
      'adamw-fused',
      'adamw-8bit',
      'adam',
      'adafactor',
    ]);
    expect(await offered('gc-plan', 'estimate', '--offload', 'b')).toEqual(['boundary']);
    expect(await offered('gc-plan', 'estimate', '--parallel', 'pi')).toEqual(['pipeline']);
    expect(await offered('gc-plan', 'estimate', '--format', 'g')).toEqual(['github']);
    expect((await invoke(['completion', 'fish'])).stdout).toContain(
      "'none' 'optimizer' 'boundary' 'optimizer+boundary'",
    );
  });

  it('offers values behind =, in lists, and the parts of a plan', async () => {
    expect(await offered('gc-plan', 'estimate', '--runtime', '=', 't')).toEqual(['tfjs']);
    expect(await offered('gc-plan', 'estimate', '--runtime', '=')).toEqual(['jax', 'pytorch', 'tfjs']);
    expect(await offered('gc-plan', 'sweep', '--gpu', 'a10,l40')).toEqual(['a10,l40', 'a10,l40s']);
    expect(await offered('gc-plan', 'estimate', '--checkpoint', 'enc')).toEqual(['encoder']);
    expect(await offered('gc-plan', 'estimate', '--checkpoint', 'encoder+dec')).toEqual(['encoder+decoder']);
  });

  it('says in zsh and fish what each command, flag, model and card is, a colon in a value escaped for zsh', async () => {
    const zsh = (await invoke(['completion', 'zsh'])).stdout;
    expect(zsh).toContain("'--hidden-dim:Width of every latent row.");
    expect(zsh).toContain("'t4:NVIDIA T4, Turing, 16 GB'");
    expect(zsh).toContain(String.raw`'processor\:every=2'`);
    const fish = (await invoke(['completion', 'fish'])).stdout;
    expect(fish).toContain("-l hidden-dim -d 'Width of every latent row.");
    expect(fish).toContain("'t4\tNVIDIA T4, Turing, 16 GB'");
  });

  it('refuses a shell that it does not know', async () => {
    expect((await invoke(['completion', 'tcsh'])).exit).toBe(2);
  });
});

const hasShell = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

describe('the scripts in their own shells, where they are installed', () => {
  it.skipIf(!hasShell('zsh'))('zsh reads its script without a complaint', async () => {
    const { status, stderr } = spawnSync('zsh', ['-n'], { input: (await invoke(['completion', 'zsh'])).stdout });
    expect([status, String(stderr)]).toEqual([0, '']);
  });

  it.skipIf(!hasShell('fish'))(
    'fish offers values behind =, in lists, and the parts of a plan, with what each is',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'gc-plan-fish-'));
      writeFileSync(join(folder, 'gc-plan.fish'), (await invoke(['completion', 'fish'])).stdout);
      const inFish = (line: string) =>
        execFileSync('fish', ['--no-config', '-c', `source gc-plan.fish; complete -C '${line}'`], {
          cwd: folder,
          encoding: 'utf8',
        })
          .trim()
          .split('\n');
      expect(inFish('gc-plan estimate --gpu=a100-4')).toEqual(['--gpu=a100-40gb\tNVIDIA A100 SXM4, Ampere, 40 GB']);
      expect(inFish('gc-plan sweep --gpu t4,l40s')).toEqual(['t4,l40s\tNVIDIA L40S, Ada, 48 GB']);
      expect(inFish('gc-plan estimate --checkpoint encoder+dec')[0]).toMatch(/^encoder\+decoder\t/);
      rmSync(folder, { recursive: true });
    },
  );
});
