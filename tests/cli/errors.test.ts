import { describe, expect, it } from 'vitest';
import EstimateCommand from '../../src/cli/commands/estimate.js';
import { reportFailure } from '../../src/cli/failure.js';
import { parseTokens } from '../../src/cli/parse.js';
import { errorSchema } from '../../src/reports/error/schema.js';
import { buffers, invoke } from './invoke.js';

/** argv, code, and a word that the message or a next step must hold. */
const badInvocations: readonly (readonly [readonly string[], string, string])[] = [
  [['estimte'], 'unknown-command', 'estimate'],
  [['__proto__'], 'unknown-command', '__proto__'],
  [['--layers', '4'], 'missing-command', '--layers'],
  [['help', 'nothing'], 'unknown-command', 'nothing'],
  [['estimate', '--hiden-dim', '4'], 'unknown-flag', '--hidden-dim'],
  [['estimate', '--framework', 'jax'], 'unknown-flag', '--runtime'],
  [['estimate', '--width=256'], 'unknown-flag', '--hidden-dim'],
  [
    ['estimate', 'tiny', '--width', '256', '--Depth=8', '--gpu', 't4'],
    'unknown-flag',
    'gc-plan estimate tiny --hidden-dim 256 --layers=8 --gpu t4',
  ],
  [['sweep', '--hidden_dim', '256'], 'unknown-flag', '--hidden-dim'],
  [['estimate', '--model', 'tiny'], 'unknown-flag', 'gc-plan estimate graphcast-small'],
  [['cards', '--device', 'a100'], 'unknown-flag', '--device'],
  [['estimate', '--constructor'], 'unknown-flag', '--constructor'],
  [['estimate', '--toString=1'], 'unknown-flag', '--toString'],
  [['estimate', '-x'], 'unknown-flag', '-x'],
  [['estimate', '--layers'], 'invalid-flag', '--layers'],
  [['estimate', '--layers', '--batch', '1'], 'invalid-flag', '--layers'],
  [['estimate', '--layers', '--batch=1'], 'invalid-flag', '--layers'],
  [['estimate', '--layers', '1', '--layers=2'], 'invalid-flag', 'once'],
  [['estimate', '--allow-tight=yes'], 'flag-takes-no-value', '--allow-tight'],
  [['estimate', '--no-set-to-none=1'], 'flag-takes-no-value', '--no-set-to-none'],
  [['estimate', '--no-allow-tight'], 'unknown-flag', '--allow-tight'],
  [['estimate', '--no-'], 'unknown-flag', '--no-'],
  [['estimate', 'graphcast', 'tiny'], 'unexpected-argument', 'tiny'],
  [['estimate', '--', 'graphcast', '--tiny'], 'unexpected-argument', '--tiny'],
  [['estimate', '--format', 'tabel'], 'unknown-format', 'table'],
  [['profiles', '--layers', '3'], 'unknown-flag', '--layers'],
  [['profiles', '--output', '/nowhere/at/all'], 'unwritable-output', '/nowhere/at/all'],
  [['profiles', '--output', '/'], 'unwritable-output', '--output'],
];

describe('a wrong invocation', () => {
  it.each(badInvocations)('%j exits 2, names the thing and says what to type next', async (argv, _code, word) => {
    const { exit, stdout, stderr } = await invoke(argv);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain(word);
    expect(stderr).toMatch(/^gc-plan: .+\n( {2}→ .+\n)+$/);
    expect(stderr).not.toMatch(/\n\s+at .+:\d+/);
  });

  it.each(badInvocations)('%j --json puts one error document on stdout and nothing on stderr', async (argv, code) => {
    const end = argv.indexOf('--');
    const { exit, stdout, stderr } = await invoke(end < 0 ? [...argv, '--json'] : argv.toSpliced(end, 0, '--json'));
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: '' });
    const report = errorSchema.parse(JSON.parse(stdout));
    expect(report.code).toBe(code);
    expect(report.nextSteps.length).toBeGreaterThan(0);
  });

  it('a format that this report does not have names those it has', async () => {
    const { exit, stderr } = await invoke(['profiles', '--format', 'github']);
    expect(exit).toBe(2);
    expect(stderr).toContain('table, json or html');
  });

  it('without a command is an error under --json, because help is no document', async () => {
    const { exit, stdout } = await invoke(['--json']);
    expect(exit).toBe(2);
    expect(errorSchema.parse(JSON.parse(stdout)).code).toBe('missing-command');
  });
});

describe('tokens', () => {
  const { flags, args } = EstimateCommand;
  const parsed = (...argv: string[]) => parseTokens(argv, 'estimate', flags, args);

  it('of a switch may be repeated, and the last one says', () => {
    expect(parsed('--set-to-none', '--no-set-to-none').flags).toEqual({ 'set-to-none': false });
    expect(parsed('--no-set-to-none', '--set-to-none').flags).toEqual({ 'set-to-none': true });
  });

  it('behind a flag are its value, whatever they look like, but for another flag', () => {
    expect(parsed('--layers', '-4', 'tiny')).toEqual({ args: { model: 'tiny' }, flags: { layers: '-4' } });
    expect(parsed('--output=--json').flags).toEqual({ output: '--json' });
    expect(parsed('--import=a=b\n=c', '--vram=').flags).toEqual({ import: 'a=b\n=c', vram: '' });
  });

  it('of flags come in the order in which the command states them, however they are typed: a report holds them', () => {
    const orders = [
      ['--layers=4', '--hidden-dim=32'],
      ['--hidden-dim=32', '--layers=4'],
    ].map((tokens) => Object.keys(parsed(...tokens).flags));
    expect(orders[0]).toEqual(orders[1]);
  });

  it('that are a dash, a negative number or behind -- stand alone', () => {
    for (const token of ['-', '-4']) expect(parsed(token).args).toEqual({ model: token });
    expect(parsed('--', '--layers').args).toEqual({ model: '--layers' });
  });
});

describe('an error that is not the user’s', () => {
  const failure = (env: Record<string, string>, json: boolean) => {
    const { io, written } = buffers({ env });
    return { exit: reportFailure(new TypeError('undefined is not a tensor'), io, json), ...written };
  };

  it('exits 70, is short, asks to be reported and hides its stack', () => {
    const { exit, stdout, stderr } = failure({}, false);
    expect({ exit, stdout }).toEqual({ exit: 70, stdout: '' });
    expect(stderr).toContain('a bug in gc-plan');
    expect(stderr.split('\n').length).toBeLessThan(6);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('shows its stack under GC_PLAN_DEBUG', () => {
    expect(failure({ GC_PLAN_DEBUG: '1' }, false).stderr).toMatch(/TypeError: undefined is not a tensor\n\s+at /);
  });

  it('is one error document under --json', () => {
    expect(errorSchema.parse(JSON.parse(failure({}, true).stdout)).code).toBe('internal-error');
  });
});
