/**
 * A stranger's path through the guide, on what `npm run build` made: every command that the guide shows, in its order, in an
 * empty folder; then the workflow that it shows and the action of this repository, step by step as a runner would.
 */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(root, 'docs/guide.md'), 'utf8');

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let folder: string;
let summary: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-stranger-'));
  summary = join(folder, 'summary.md');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  script('gc-plan', `exec "${process.execPath}" "${join(root, 'bin/run.js')}" "$@"`);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function shell(command: string, env: Readonly<Record<string, string>> = {}, cwd = folder): Promise<Ran> {
  const path = [join(folder, 'bin'), process.env.PATH].join(delimiter);
  const options = { cwd, env: { ...process.env, XDG_DATA_HOME: folder, ...env, PATH: path } };
  return new Promise((resolve) => {
    execFile('bash', ['-e', '-c', command], options, (error, stdout, stderr) =>
      resolve({ exit: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

/** The exit code that the guide's text gives each of its commands. */
const expectedExit = (command: string): number => (/estimate .*--gpu t4|regression\.yaml/.test(command) ? 1 : 0);

const commands = [...guide.matchAll(/```(?:console\n\$ |sh\n)(gc-plan .*)\n/g)].map(([, command]) => command!);

describe('a stranger who follows the guide', () => {
  beforeAll(() => {
    cpSync(join(root, 'docs/example'), join(folder, 'docs/example'), { recursive: true });
  });

  it('walks from an estimate that does not fit to a check in CI', () => {
    const walked = commands.map((command) => command.split(' ')[1]);
    const path = ['estimate', 'advise', 'explain', 'sweep', 'verify', 'init', 'check'];
    expect([...new Set(walked)]).toEqual(path);
  });

  it.each(commands)(
    '%s',
    async (command) => {
      const { exit, stdout, stderr } = await shell(command);
      expect([exit, stderr.includes('bug')], stdout + stderr).toEqual([expectedExit(command), false]);
      expect(stdout.length).toBeGreaterThan(100);
    },
    120_000,
  );
});

const workflow = parse(/```yaml\n(# \.github[\s\S]*?)```/.exec(guide)![1]!) as { jobs: { check: { steps: Step[] } } };
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Readonly<Record<string, { default: string }>>;
  runs: { steps: Step[] };
};
const used = workflow.jobs.check.steps.find(({ uses }) => uses === './tools/gc-plan')!;

/** As a runner fills in an expression: what the workflow gives, else the action's default. */
const filled = (text: string) =>
  text.replaceAll(
    /\$\{\{ inputs\.([\w-]+) \}\}/g,
    (_, name: string) => used.with?.[name] ?? action.inputs[name]!.default,
  );

/** The action's own steps in their order, in a workspace that has this repository at `tools/gc-plan`. */
async function runAction(steps: readonly Step[]): Promise<Ran> {
  writeFileSync(summary, '');
  let ran: Ran = { exit: 0, stdout: '', stderr: '' };
  for (const { run, env = {}, 'working-directory': place = '.' } of steps) {
    if (run === undefined || ran.exit !== 0) continue;
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)]));
    const runner = { GITHUB_ACTION_PATH: join(folder, 'tools/gc-plan'), GITHUB_STEP_SUMMARY: summary };
    ran = await shell(run, { ...given, ...runner }, join(folder, filled(place)));
  }
  return ran;
}

describe('the workflow of the guide, by the steps of this repository’s action', () => {
  const [prepare, check] = [action.runs.steps.slice(0, -1), action.runs.steps.slice(-1)];
  const planOf = (file: string) => cpSync(join(root, 'docs/example', file), join(folder, 'gc-plan.yaml'));
  beforeAll(async () => {
    cpSync(join(root, 'docs/example/gc-plan.baseline.json'), join(folder, 'gc-plan.baseline.json'));
    for (const file of execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n'))
      if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, 'tools/gc-plan', file));
    const { exit, stderr } = await runAction(prepare);
    expect([exit, stderr]).toEqual([0, '']);
  });

  it('pins what it takes from others to a commit', () => {
    const others = [...workflow.jobs.check.steps, ...action.runs.steps].flatMap(({ uses = './' }) =>
      uses.startsWith('./') ? [] : [uses],
    );
    expect(others).toHaveLength(2);
    for (const each of others) expect(each).toMatch(/@[0-9a-f]{40}$/);
  });

  it('passes a clean plan, with a summary and no annotation', async () => {
    planOf('gc-plan.yaml');
    const { exit, stdout } = await runAction(check);
    expect([exit, stdout]).toEqual([0, '']);
    expect(readFileSync(summary, 'utf8')).toContain('all 2 configurations pass');
  });

  it('fails a regression, annotated at the line of the entry', async () => {
    planOf('regression.yaml');
    const { exit, stdout } = await runAction(check);
    const line = readFileSync(join(folder, 'gc-plan.yaml'), 'utf8').split('\n').indexOf('  start:') + 1;
    expect(exit).toBe(1);
    expect(stdout).toMatch(
      new RegExp(`^::error file=gc-plan\\.yaml,line=${line},title=gc-plan check::start: grew by .*: mesh by `),
    );
    expect(readFileSync(summary, 'utf8')).toContain('1 of 2 configurations fail');
  });

  it('exits 2 for a broken plan, and says the line', async () => {
    writeFileSync(join(folder, 'gc-plan.yaml'), 'configurations:\n  a: { model: tiny\n');
    const { exit, stderr } = await runAction(check);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/gc-plan\.yaml:\d+: /);
  });
});
