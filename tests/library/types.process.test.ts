/** The published types, as a consumer compiles them: `npm run build` first. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const consumer = `
import { advise, check, estimate, explain, InputError, init, profiles, solve, sweep, validate, verify } from 'gc-plan';
import type { Advice, Check, ErrorReport, Estimate, Explanation, Sweep, Verification } from 'gc-plan';

export async function plan(signal: AbortSignal): Promise<readonly [Estimate, Advice, Explanation, Sweep, Check, Verification]> {
  const report = await estimate({ model: 'graphcast-small', flags: { batch: 2, precision: 'bf16', levels: 13, 'allow-tight': true } });
  const bytes: number = report.memory.range.highBytes + (await estimate({ model: 'tiny' })).memory.peakLiveBytes;
  const advice = await advise({ model: 'tiny', flags: { gpu: 'l4', batch: \`\${bytes}\` } });
  const best = (await solve({ model: 'tiny', for: 'batch', flags: { vram: '24GB' } })).best?.value ?? 0;
  const timeline = await explain({ model: 'tiny', by: 'module', top: best });
  const table = await sweep({ flags: { batch: '1..4', layers: 2, gpu: 'l4,t4' }, limits: { maxParameters: 20e6 }, signal });
  await init({ gpu: profiles().gpus[0]?.name });
  await validate();
  return [report, advice, timeline, table, await check({ planFile: 'plan.yaml' }), await verify({ model: 'tiny', flags: { steps: 3 } })];
}

export const codeOf = (error: unknown): string => (error instanceof InputError ? error.code : 'bug');
export const reported = (error: ErrorReport): unknown => error;

// @ts-expect-error no such flag
estimate({ model: 'tiny', flags: { bach: 2 } });
// @ts-expect-error a number, not a switch
estimate({ model: 'tiny', flags: { batch: true } });
// @ts-expect-error no such precision
estimate({ model: 'tiny', flags: { precision: 'fp7' } });
// @ts-expect-error nothing to look for
solve({ model: 'tiny' });
// @ts-expect-error a report is not written to
estimate({ model: 'tiny' }).then((report) => (report.memory.peakLiveBytes = 0));
`;

it.each(['nodenext', 'preserve'])(
  'a strict consumer compiles the published types, its own libraries checked too (module %s)',
  (module) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    rmSync(join(folder, 'node_modules', 'gc-plan'), { force: true });
    symlinkSync(root, join(folder, 'node_modules', 'gc-plan'));
    writeFileSync(join(folder, 'package.json'), '{"type": "module", "private": true}');
    writeFileSync(join(folder, 'consumer.ts'), consumer);
    const compilerOptions = {
      module,
      ...(module === 'preserve' && { moduleResolution: 'bundler' }),
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  },
);
