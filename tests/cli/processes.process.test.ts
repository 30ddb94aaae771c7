/** What only a process of its own can show. It runs `dist/`: `npm run build` first, as `npm run ci:test` does. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-process-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every script that the process loaded, from V8's own list. */
async function loadedScripts(argv: readonly string[]): Promise<readonly string[]> {
  const coverage = mkdtempSync(join(folder, 'scripts-'));
  await run(process.execPath, [gcPlan, ...argv], { env: { ...process.env, NODE_V8_COVERAGE: coverage } });
  return readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
}

describe('a process', () => {
  it.each([
    ['estimate', 'tiny', '--runtime', 'pytorch', '--json'],
    ['estimate', 'tiny', '--runtime', 'tfjs', '--json'],
  ])('of %s %s %s %s %s loads our code, but neither TensorFlow.js, zod, table nor chalk', async (...argv) => {
    const scripts = await loadedScripts(argv);
    expect(scripts.some((url) => url.includes('/dist/joined/start.js'))).toBe(true);
    expect(scripts.filter((url) => /node_modules|joined\/(zod|yaml|blocks|echarts)\.js/.test(url))).toEqual([]);
  });

  it('that only says its version loads no framework', async () => {
    const scripts = await loadedScripts(['--version']);
    expect(scripts.filter((url) => /node_modules|oclif|joined\/start/.test(url))).toEqual([]);
  });

  it('whose reader leaves early ends quietly with the answer’s exit code', async () => {
    const child = spawn(process.execPath, [gcPlan, 'profiles', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const exit = await new Promise((resolve) => child.on('close', resolve));
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  });

  it('gives the exit code of a no to the shell', async () => {
    const tooSmall = run(process.execPath, [gcPlan, 'estimate', 'tiny', '--runtime', 'pytorch', '--vram', '256MB']);
    await expect(tooSmall).rejects.toMatchObject({ code: 1, stderr: '' });
  });

  it('finds the files that stand beside its modules, which are joined into one', async () => {
    const { codeBases } = (await import(new URL('../../dist/models/index.js', import.meta.url).href)) as {
      readonly codeBases: () => readonly { readonly ownStep?: string }[];
    };
    const files = codeBases().flatMap(({ ownStep }) => ownStep ?? []);
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });
});
