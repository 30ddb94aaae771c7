/**
 * Random command lines over every command. Which flags a command has is read off the command, which values an option takes off its record:
 * an option that is added tomorrow is typed here without being named.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type CommandName, commandNames, loadCommand } from '../../src/cli/command-table.js';
import { type ModelProfile, profileNames, readProfile } from '../../src/config/profiles.js';
import type { RuntimeName } from '../../src/config/types.js';
import { explainOptions } from '../../src/explain/options.js';
import { codeBases, layoutOf, optionsOfSome, processorTraits } from '../../src/models/index.js';
import { allOptions } from '../../src/options/definitions/shared.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';
import { sweepOptions } from '../../src/search/options.js';
import { captureOptions } from '../../src/verify/capture/options.js';
import { growOptions } from '../../src/verify/grow/options.js';
import { verifyOptions } from '../../src/verify/options.js';
import { type Typeable, typedValue } from './typed-values.js';

/** Each runs in a folder of its own, with these files in it. */
export interface Line {
  readonly argv: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** A command line that runs before, in the same folder. */
  readonly before?: readonly string[];
}

interface Flag extends Typeable {
  readonly isSwitch: boolean;
  readonly isNegatable: boolean;
}

const records = new Map<string, Pick<Typeable, 'value'>>(
  [...sweepOptions, ...explainOptions, ...verifyOptions, ...captureOptions, ...growOptions, ...allOptions()].map(
    (option) => [option.name, option],
  ),
);

const flagsOf = new Map<CommandName, readonly Flag[]>();
for (const name of commandNames) {
  const { flags } = await loadCommand(name);
  flagsOf.set(
    name,
    Object.entries(flags).map(([flag, { type, allowNo }]: [string, { type: string; allowNo?: boolean }]) => ({
      name: flag,
      value: records.get(flag)?.value,
      isSwitch: type === 'boolean',
      isNegatable: allowNo === true,
    })),
  );
}
// One that nothing is known of throws here, not in the one line of thousands that draws it.
for (const flag of [...flagsOf.values()].flat()) if (!flag.isSwitch) typedValue(flag);

/** What may stand behind `--format`, whether the report has it or not. */
const typedAs = (command: CommandName, flag: Flag): fc.Arbitrary<readonly string[]> => {
  const dashed = `--${flag.name}`;
  if (flag.isSwitch)
    return fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom([dashed], ...(flag.isNegatable ? [[`--no-${flag.name}`]] : [])) },
      { weight: 1, arbitrary: fc.constantFrom([`${dashed}=1`], [dashed, '1'], [`--no-${flag.name}`]) },
    );
  const value = typedValue(flag, command === 'sweep' && flag.name !== 'workers');
  return fc.oneof(
    { weight: 60, arbitrary: value.map((text) => [dashed, text]) },
    { weight: 12, arbitrary: value.map((text) => [`${dashed}=${text}`]) },
    { weight: 1, arbitrary: fc.constant([dashed]) },
  );
};

const isCount = ({ name }: Flag): boolean =>
  allOptions().some((each) => each.name === name && each.sets?.startsWith('model.counts.'));
const ofAttention: Readonly<Record<string, 'hasHeads' | 'hasMlpRatio'>> = {
  heads: 'hasHeads',
  'mlp-ratio': 'hasMlpRatio',
  'attention-backend': 'hasHeads',
};

/** Which of a command's flags a model has in a runtime; the others are typed now and then. */
function hasFlag({ layout, pressureLevels }: ModelProfile['model'], runtime: RuntimeName, flag: Flag): boolean {
  const { name } = flag;
  if (name === 'trace') return false;
  const option = allOptions().find((each) => each.name === name);
  const { options, processor } = layoutOf(layout);
  if (option !== undefined && !option.runtimes.includes(runtime)) return false;
  if (isCount(flag) || (name === 'levels' && pressureLevels === undefined)) return false;
  const trait = ofAttention[name];
  if (trait !== undefined && !processorTraits({ layout, processor })[trait]) return false;
  const isOfOthers = codeBases().some(
    (codeBase) => !(layout in codeBase.layouts) && codeBase.options?.some((own) => own.name === name),
  );
  return !isOfOthers && (!optionsOfSome().includes(name) || options.includes(name));
}

/** Flags that mean nothing alone. */
function together(command: CommandName, { layout }: ModelProfile['model']): fc.Arbitrary<readonly string[]> {
  const named = (wanted: (flag: Flag) => boolean) => flagsOf.get(command)!.filter(wanted);
  const all = (flags: readonly Flag[]) =>
    fc.tuple(...flags.map((flag) => typedAs(command, flag))).map((tokens) => tokens.flat());
  const attention = all(named(({ name }) => name in ofAttention)).map((tokens) => [
    '--processor',
    'attention',
    ...tokens,
  ]);
  return layoutOf(layout).options.includes('processor')
    ? fc.oneof(all(named(isCount)), attention)
    : all(named(isCount));
}

const ofRuntime = ['precision', 'optimizer', 'parallel'] as const;

/** Values of a runtime where not all have the same. */
function inRuntime(flag: Flag, runtime: RuntimeName): Flag {
  const key = ofRuntime.find((name) => name === flag.name);
  return key === undefined ? flag : { ...flag, value: { kind: 'choice', choices: runtimeTraits[runtime][key] } };
}

const stray = fc.oneof(
  fc
    .constantFrom('tiny', '--', '-', '-h1', '--=', '---', '-j', '--hasOwnProperty=x', '--hiden-dim=4')
    .map((text) => [text]),
  fc.string().map((text) => [text]),
);

const models = profileNames('models').map((name) => readProfile<ModelProfile>('models', name));

/** Small ones are answered in milliseconds; the published ones are what people ask for. */
const modelOf = (small: number) =>
  fc.oneof(
    { weight: small, arbitrary: fc.constant(models.find(({ name }) => name === 'tiny')!) },
    { weight: 10, arbitrary: fc.constantFrom(...models) },
  );

const printing: readonly string[] = ['json', 'output', 'format'];
/** Typed by those who know when: most lines have a card, few a file. */
const elsewhere: readonly string[] = [
  ...printing,
  ...[
    'import',
    'runtime',
    'gpu',
    'vram',
    'workers',
    'space',
    'from',
    'to',
    'for',
    'measured',
    'doctor',
    'ladder',
    'plan',
  ],
];

interface Kind {
  readonly small: number;
  readonly most: number;
  /** What every line of the command has. */
  readonly always?: fc.Arbitrary<readonly string[]>;
  readonly card: number;
}

const files: Readonly<Record<string, string>> = {
  'space.json': JSON.stringify({
    name: 'small',
    options: { 'hidden-dim': '16,32', layers: '2,4', batch: '1,2', checkpoint: 'none,model' },
  }),
  'prices.json': JSON.stringify({ t4: 0.35, l4: 0.7, 'h100-80gb': 2.5 }),
  'damaged.jsonl': '{"schema":"gc-plan/ledger@1"\nnonsense\n{}\n',
  'program.sh': 'exit 3',
};

/** Published models in a runtime that nobody runs them in are thousands of arrays: drawn now and then. */
function runtimeOf({ layout }: ModelProfile['model'], own: RuntimeName): fc.Arbitrary<RuntimeName> {
  const { runtimes } = layoutOf(layout);
  const usual = runtimes.filter((each) => each === own || !runtimeTraits[each].isOurs);
  return fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...runtimes) },
  );
}

function configured(command: CommandName, { small, most, always, card }: Kind): fc.Arbitrary<Line> {
  const flags = flagsOf.get(command)!;
  const has = (name: string) => flags.some((flag) => flag.name === name);
  return modelOf(small).chain(({ name, model, runtime: own }) =>
    fc
      .record({
        runtime: runtimeOf(model, own),
        isTyped: fc.constantFrom(true, true, true, false),
      })
      .chain(({ runtime: drawn, isTyped }) => {
        const runtime = isTyped ? drawn : own;
        const choosable = flags.filter((flag) => !elsewhere.includes(flag.name));
        const fitting = choosable
          .filter((flag) => hasFlag(model, runtime, flag))
          .map((flag) => inRuntime(flag, runtime));
        const flag = fc.oneof(
          { weight: 40, arbitrary: fc.constantFrom(...fitting) },
          { weight: 1, arbitrary: fc.constantFrom(...choosable) },
        );
        const typed = fc.uniqueArray(flag, { maxLength: most, selector: (each) => each.name });
        const cardFlags = flags.filter(({ name: each }) => each === 'gpu' || each === 'vram');
        const onCard =
          cardFlags.length === 0
            ? fc.constant([])
            : fc.constantFrom(...cardFlags).chain((each) => typedAs(command, each));
        return fc
          .tuple(
            fc.option(fc.constant(name), { freq: 20 }),
            fc.constant(isTyped && has('runtime') ? ['--runtime', runtime] : []),
            sometimes(card, onCard),
            typed.chain((each) => fc.tuple(...each.map((one) => typedAs(command, one)))).map((tokens) => tokens.flat()),
            sometimes(0.06, together(command, model)),
            always ?? fc.constant([]),
            sometimes(0.03, stray),
          )
          .map(([typedModel, ...rest]) => ({
            argv: [command, ...(typedModel === null ? [] : [typedModel]), ...rest.flat()],
            files,
          }));
      }),
  );
}

const rarely = <Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const sometimes = (share: number, tokens: fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> =>
  fc.oneof(
    { weight: Math.round(1000 * share), arbitrary: tokens },
    { weight: Math.round(1000 * (1 - share)), arbitrary: fc.constant([]) },
  );

const importFolder = fileURLToPath(new URL('../models/importing/', import.meta.url));
const importable = ['files', 'cases', 'configurations'].flatMap((folder) =>
  readdirSync(join(importFolder, folder), { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? join(entry.parentPath, entry.name) : [],
  ),
);

/** A file as it is, without some of its lines, or with another word in one of them. */
const importedText = fc.constantFrom(...importable).chain((file) => {
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n');
  const name = `imported${extname(basename(file))}`;
  return fc
    .oneof(
      fc.constant(text),
      fc.subarray(lines, { minLength: Math.ceil(lines.length / 2) }).map((kept) => kept.join('\n')),
      fc
        .tuple(fc.nat(lines.length - 1), fc.constantFrom('-1', '0', '1e99', 'null', '[1, 2]', '"x"', '{}', '💥'))
        .map(([at, word]) => lines.with(at, lines[at]!.replace(/[\w.]+(,?)$/, `${word}$1`)).join('\n')),
    )
    .map((content) => ({ name, content }));
});

const withImport = (line: fc.Arbitrary<Line>): fc.Arbitrary<Line> =>
  fc
    .tuple(line, importedText, rarely(false, true))
    .map(([{ argv, files: beside }, { name, content }, isModelTyped]) => {
      const isModel = (token: string | undefined) => models.some((model) => model.name === token);
      const rest = isModel(argv[1]) && !isModelTyped ? argv.slice(2) : argv.slice(1);
      return { argv: [argv[0]!, ...rest, '--import', name], files: { ...beside, [name]: content } };
    });

const asJson = fc.oneof(
  { weight: 12, arbitrary: fc.constant(['--json']) },
  { weight: 2, arbitrary: fc.constant(['--format', 'json']) },
  {
    weight: 4,
    arbitrary: fc.constantFrom('table', 'html', 'github', 'svg', 'junit').map((name) => ['--format', name]),
  },
  { weight: 4, arbitrary: fc.constant([]) },
);

const printed = (line: fc.Arbitrary<Line>): fc.Arbitrary<Line> =>
  fc
    .tuple(
      line,
      asJson,
      sometimes(
        0.05,
        typedValue({ name: 'output' }).map((file) => ['--output', file]),
      ),
    )
    .map(([{ argv, ...rest }, ...how]) => {
      // Behind `--` they would be words.
      const end = argv.indexOf('--');
      return { ...rest, argv: argv.toSpliced(end < 0 ? argv.length : end, 0, ...how.flat()) };
    });

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
      .tuple(
        configured('verify', { small: 40, most: 2, card: 0.2 }),
        fc.constantFrom('false', 'true', 'echo', '/nowhere/python3', ''),
      )
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
    sometimes(
      0.6,
      fc.constantFrom(...flagsOf.get('compare')!).chain((flag) => typedAs('compare', flag)),
    ),
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
    sometimes(
      0.3,
      fc.constantFrom(...flagsOf.get('estimate')!).chain((flag) => typedAs('estimate', flag)),
    ),
  )
  .map(([command, trace, gpu, more]) => ({ argv: [command, '--trace', trace, '--gpu', gpu, ...more], files }));

/** No Python here has torch: what is tried is what comes before it, and its ends. */
const captures: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom('step.py:make', 'step.py:', 'step.py', ':make', '', 'nothing.py:make', 'step.py:1a', 'step.py:a:b'),
    fc.constantFrom('false', 'true', 'echo', '/nowhere/python3', ''),
    sometimes(
      0.3,
      fc.constantFrom(...flagsOf.get('capture')!).chain((flag) => typedAs('capture', flag)),
    ),
  )
  .map(([step, python, more]) => ({
    argv: ['capture', step, '--python', python, '--timeout', '2', ...more],
    files: { ...files, 'step.py': 'def make():\n  return print\n' },
  }));

/** As with captures: no Python here has torch or NumPy. */
const growths: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom('old.npz', 'old.pt', '', 'nothing.npz', '.'),
    fc.constantFrom('new.npz', 'old.npz', '', '/nowhere/new.npz', '.'),
    fc.constantFrom('false', 'true', 'echo', '/nowhere/python3', ''),
    sometimes(
      0.8,
      fc.constantFrom(...flagsOf.get('grow')!).chain((flag) => typedAs('grow', flag)),
    ),
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
