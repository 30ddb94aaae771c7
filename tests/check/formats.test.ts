import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../src/reports/check/schema.js';
import { MiB } from '../../src/units.js';
import { invoke } from '../cli/invoke.js';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-check-'));
  path = join(folder, 'gc-plan.yaml');
  writeFileSync(
    path,
    'configurations:\n  fine: { model: tiny, vram: 8GB }\n  "a <b> | & c\\n::error::": { model: tiny, vram: 8GB, budget: 1MB }\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('gc-plan check for CI systems', () => {
  it('annotates the failed entry at its line, in one line that nothing in a name can break out of', async () => {
    const { exit, stdout } = await invoke(['check', path, '--format', 'github']);
    expect(exit).toBe(1);
    const commands = stdout.split('\n').filter((line) => line.startsWith('::'));
    expect(commands).toHaveLength(1);
    expect(commands[0]).toMatch(
      /^::error file=\S+gc-plan\.yaml,line=3,title=gc-plan check::a <b> \| & c%0A::error::: over budget: needs /,
    );
    expect(stdout).toContain('1 of 2 configurations fail');
  });

  it('puts every number under its own heading, in the unit that the heading says', async () => {
    const { stdout } = await invoke(['check', path, '--format', 'github']);
    const { entries } = JSON.parse((await invoke(['check', path, '--json'])).stdout) as Check;
    const [head = [], , first = []] = stdout
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    const under = (title: string) => Number(first[head.indexOf(title)]);
    const { memory, verdict } = entries[0]!;
    const usableBytes = 'usableBytes' in verdict ? verdict.usableBytes : 0;
    expect(under('at most, MiB')).toBeCloseTo(memory.range.highBytes / MiB, 1);
    expect(under('usable')).toBeCloseTo(usableBytes / MiB, 1);
    expect(under('spare')).toBeCloseTo((usableBytes - memory.range.highBytes) / MiB, 1);
  });

  it('sends annotations to the log and Markdown to the step summary where a workflow has one', async () => {
    const summary = join(folder, 'summary.md');
    writeFileSync(summary, 'before\n');
    const { stdout } = await invoke(['check', path, '--format', 'github'], { env: { GITHUB_STEP_SUMMARY: summary } });
    expect(stdout).toMatch(/^::error [^\n]*\n$/);
    const markdown = readFileSync(summary, 'utf8');
    expect(markdown).toMatch(/^before\n/);
    expect(markdown).toContain('| <code>fine</code> |');
    expect(markdown).not.toContain('<b>');
    expect(markdown.split('\n').filter((line) => line.startsWith('::'))).toEqual([]);
  });

  it('writes JUnit XML that counts its failures and escapes its names', async () => {
    const { stdout } = await invoke(['check', path, '--format', 'junit']);
    expect(stdout).toContain('<testsuites name="gc-plan" tests="2" failures="1">');
    expect(stdout.match(/<testcase /g)).toHaveLength(2);
    expect(stdout.match(/<failure /g)).toHaveLength(1);
    expect(stdout).toContain('name="a &lt;b&gt; | &amp; c ::error::"');
  });

  it('keeps the table within 80 columns', async () => {
    const { stdout } = await invoke(['check', path], { columns: 80 });
    for (const line of stdout.split('\n').filter((text) => !text.includes('gc-plan.yaml')))
      expect(line.length).toBeLessThanOrEqual(80);
  });
});
