/** Random command lines over every command: what those have that take no configuration, or more than one. */
import fc from 'fast-check';
import type { CommandName } from '../../src/cli/command-table.js';
import {
  configured,
  files,
  flagsOf,
  type Kind,
  type Line,
  modelOf,
  printed,
  printing,
  rarely,
  records,
  sometimes,
  stray,
  typedAs,
  withImport,
} from './configured-lines.js';
import { typedValue } from './typed-values.js';

const flagsText = (line: Line): Readonly<Record<string, string | boolean>> => {
  const entries: Record<string, string | boolean> = {};
  for (const [i, token] of line.argv.entries()) {
    const [, name, value] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(token) ?? [];
    if (name === undefined) continue;
    const next = line.argv[i + 1];
    entries[name] = value ?? (next === undefined || next.startsWith('--') ? true : next);
  }
  return entries;
};

/** One of a command's flags, with a value. */
const flagOf = (command: CommandName) =>
  fc.constantFrom(...flagsOf.get(command)!).chain((flag) => typedAs(command, flag));

/** None of them has torch, JAX or NumPy: what is tried is what comes before it, and its ends. */
const pythons = fc.constantFrom('false', 'true', 'echo', '/nowhere/python3', '');

const estimateKind: Kind = { small: 20, most: 4, card: 0.6 };

/** A plan file of a few configurations, now and then with a key or a value that none has. */
const planText = fc
  .tuple(
    fc.array(configured('estimate', { ...estimateKind, most: 1 }), { minLength: 1, maxLength: 2 }),
    rarely<object>({}, { 'max-growth': '2%' }, { 'max-growth': -1 }, { defaults: { gpu: 'l4' } }, { extra: 1 }),
    rarely<object>({}, { budget: '20GB' }, { budget: '20GB' }, { budget: 'lots' }, { 'hidden-dim': [1] }),
  )
  .map(([lines, plan, entry]) =>
    JSON.stringify({
      ...plan,
      configurations: Object.fromEntries(
        lines.map((line, i) => [`c${i}`, { model: line.argv[1] ?? 'tiny', ...flagsText(line), ...entry }]),
      ),
    }),
  );

const checks: fc.Arbitrary<Line> = fc
  .record({
    text: fc.oneof(
      { weight: 30, arbitrary: planText },
      fc.constantFrom('', '[]', '{', 'configurations: {}'),
      fc.string(),
    ),
    name: fc.constantFrom('gc-plan.yaml', 'gc-plan.json', 'plan.yaml'),
    isNamed: fc.boolean(),
    hasBaseline: fc.boolean(),
    tokens: plain('check', 2),
  })
  .map(({ text, name, isNamed, hasBaseline, tokens: { argv } }) => {
    const rest = argv.slice(1);
    const plan = isNamed ? [name] : [];
    return {
      argv: ['check', ...plan, ...rest],
      files: { [name]: text },
      ...(hasBaseline && { before: ['check', ...plan, '--update-baseline'] }),
    };
  });

const measurement = fc
  .tuple(
    fc.constantFrom<object>(
      { source: 'pytorch', max_memory_allocated: 1e9, max_memory_reserved: 2e9 },
      { source: 'jax', peak_bytes_in_use: 1e9, model: 'graphcast-small' },
      { source: 'nvidia-smi', memory_used_mib: 1000, device: 'A100', flags: { batch: 2 } },
    ),
    rarely<object>(
      {},
      ...[
        { source: 'tpu' },
        { model: 'nothing' },
        { model: 3 },
        { flags: { batch: 'x' } },
        { flags: [] },
        { extra: 1 },
      ],
      ...[0, -1, 1.5, '1', 2 ** 53, 1e300, null, 1].map((bytes) => ({ source: 'jax', peak_bytes_in_use: bytes })),
      ...[1e6, -1].map((bytes) => ({ source: 'jax', argument_size_in_bytes: bytes })),
    ),
  )
  .map((parts) => JSON.stringify(Object.assign({}, ...parts)));

/** Nothing trains here for longer than a second; whole runs have tests of their own. */
const verifications: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc
      .tuple(
        configured('verify', { small: 40, most: 3, card: 0.2 }),
        fc.array(measurement, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('measured.json', 'measured.jsonl'),
      )
      .map(([{ argv, ...rest }, lines, file]) => ({
        argv: [...argv, '--measured', file, '--ledger', 'ledger.jsonl'],
        files: { ...rest.files, [file]: lines.join('\n'), 'empty.json': '' },
      })),
  },
  {
    weight: 12,
    arbitrary: fc
      .tuple(configured('verify', { small: 40, most: 2, card: 0.2 }), pythons)
      .map(([{ argv, ...rest }, python]) => ({
        ...rest,
        argv: [...argv, '--runtime', 'jax', '--python', python, '--timeout', '2'],
      })),
  },
  { weight: 1, arbitrary: fc.constant({ argv: ['verify', '--doctor'], files }) },
  {
    weight: 1,
    arbitrary: fc.constant({ argv: ['verify', '--timeout', '1', '--backend', 'js', '--steps', '2'], files }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ argv: ['verify', '--plan', '--timeout', '1', '--backend', 'js', '--steps', '2'], files }),
  },
);

/** `validate` alone computes every record again: it runs once, beside these. */
const validations: fc.Arbitrary<Line> = stray
  .filter(([token]) => token !== '--')
  .map((tokens) => ({ argv: ['validate', ...tokens], files }));

/** A command that has no model. */
function plain(command: CommandName, most: number): fc.Arbitrary<Line> {
  const flags = flagsOf.get(command)!.filter(({ name }) => !printing.includes(name));
  const typed =
    flags.length === 0
      ? fc.constant([])
      : fc
          .uniqueArray(fc.constantFrom(...flags), { maxLength: most, selector: ({ name }) => name })
          .chain((each) => fc.tuple(...each.map((flag) => typedAs(command, flag))));
  return fc
    .tuple(typed, sometimes(0.05, stray))
    .map(([tokens, rest]) => ({ argv: [command, ...tokens.flat(), ...rest], files }));
}

const solveKey = typedValue({ name: 'for' }).map((key) => ['--for', key]);
/** Of a default space every model is thousands of candidates. */
const smallSpace = fc.oneof(
  { weight: 30, arbitrary: fc.constant(['--space', 'space.json', '--workers', '1', '--from', '16/2', '--to', '32/4']) },
  { weight: 1, arbitrary: fc.constant(['--workers', '1']) },
  {
    weight: 1,
    arbitrary: typedValue({ name: 'workers', value: records.get('workers')!.value }).map((text) => [
      '--workers',
      text,
      '--space',
      'space.json',
    ]),
  },
);

/** Two models, or one and flags of the second behind `--`. */
const comparisons: fc.Arbitrary<Line> = fc
  .tuple(
    configured('compare', { ...estimateKind, small: 40, most: 3 }),
    sometimes(
      0.5,
      modelOf(40).map(({ name }) => [name]),
    ),
    sometimes(0.6, flagOf('compare')),
  )
  .map(([{ argv, ...rest }, second, change]) => ({
    ...rest,
    argv: [...argv, ...second, ...(change.length > 0 ? ['--', ...change] : [])],
  }));

/** A recorded step in place of a model, with what it leaves open, and now and then with what it does not. */
const recordings: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom<CommandName>('estimate', 'explain'),
    typedValue({ name: 'trace' }),
    typedValue({ name: 'gpu' }),
    sometimes(0.3, flagOf('estimate')),
  )
  .map(([command, trace, gpu, more]) => ({ argv: [command, '--trace', trace, '--gpu', gpu, ...more], files }));

const captures: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom('step.py:make', 'step.py:', 'step.py', ':make', '', 'nothing.py:make', 'step.py:1a', 'step.py:a:b'),
    pythons,
    sometimes(0.3, flagOf('capture')),
  )
  .map(([step, python, more]) => ({
    argv: ['capture', step, '--python', python, '--timeout', '2', ...more],
    files: { ...files, 'step.py': 'def make():\n  return print\n' },
  }));

const growths: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom('old.npz', 'old.pt', '', 'nothing.npz', '.'),
    fc.constantFrom('new.npz', 'old.npz', '', '/nowhere/new.npz', '.'),
    pythons,
    sometimes(0.8, flagOf('grow')),
  )
  .map(([source, target, python, more]) => ({
    argv: ['grow', source, target, '--python', python, '--timeout', '2', ...more],
    files: { ...files, 'old.npz': 'PK', 'old.pt': '' },
  }));

/** A command that is missing from here is missing from the type. */
const commands: Readonly<Record<CommandName, { readonly weight: number; readonly line: fc.Arbitrary<Line> }>> = {
  estimate: { weight: 90, line: configured('estimate', estimateKind) },
  explain: { weight: 25, line: configured('explain', { ...estimateKind, most: 4 }) },
  advise: { weight: 12, line: configured('advise', { ...estimateKind, small: 40, card: 0.95 }) },
  solve: {
    weight: 15,
    line: configured('solve', { ...estimateKind, small: 40, most: 3, card: 0.95, always: solveKey }),
  },
  sweep: {
    weight: 12,
    line: configured('sweep', { ...estimateKind, small: 60, most: 4, card: 0.95, always: smallSpace }),
  },
  cards: { weight: 4, line: configured('cards', { ...estimateKind, small: 60, most: 3, card: 0 }) },
  compare: { weight: 6, line: comparisons },
  open: { weight: 3, line: configured('open', { ...estimateKind, small: 60, most: 3 }) },
  capture: { weight: 4, line: captures },
  grow: { weight: 4, line: growths },
  check: { weight: 15, line: checks },
  verify: { weight: 12, line: verifications },
  validate: { weight: 2, line: validations },
  init: {
    weight: 6,
    line: fc
      .tuple(
        plain('init', 2),
        sometimes(
          0.7,
          typedValue({ name: 'gpu' }).map((name) => ['--gpu', name]),
        ),
      )
      .map(([{ argv, ...rest }, card]) => ({ ...rest, argv: [...argv, ...card] })),
  },
  profiles: { weight: 3, line: plain('profiles', 2) },
  completion: {
    weight: 3,
    line: fc.constantFrom('bash', 'zsh', 'fish', 'sh', '').map((shell) => ({ argv: ['completion', shell], files })),
  },
};

const withoutCommand: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom('nothing', '', '--help', 'help', 'version', '-v', '--json', 'help estimate', '__proto__'),
    stray,
  )
  .map(([first, rest]) => ({ argv: [...first.split(' '), ...rest], files }));

const drawn = fc.oneof(
  ...Object.values(commands).map(({ weight, line }) => ({ weight, arbitrary: line })),
  { weight: 6, arbitrary: recordings },
  {
    weight: 4,
    arbitrary: withoutCommand,
  },
);

export const commandLines: fc.Arbitrary<Line> = printed(
  fc.oneof(
    { weight: 8, arbitrary: drawn },
    {
      weight: 1,
      arbitrary: withImport(
        fc.oneof(
          { weight: 6, arbitrary: configured('estimate', { ...estimateKind, most: 2 }) },
          { weight: 2, arbitrary: configured('explain', { ...estimateKind, most: 2 }) },
          { weight: 1, arbitrary: configured('advise', { ...estimateKind, most: 1, card: 0.95 }) },
          { weight: 1, arbitrary: configured('sweep', { ...estimateKind, most: 1, card: 0.95, always: smallSpace }) },
          { weight: 1, arbitrary: configured('solve', { ...estimateKind, most: 1, card: 0.95, always: solveKey }) },
        ),
      ),
    },
  ),
);
