/**
 * Random command lines of a configuration: a model, flags, a card, an imported file. Which flags a command has is read off the command, which
 * values an option takes off its record: an option that is added tomorrow is typed here without being named.
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

export const records = new Map<string, Pick<Typeable, 'value'>>(
  [...sweepOptions, ...explainOptions, ...verifyOptions, ...captureOptions, ...growOptions, ...allOptions()].map(
    (option) => [option.name, option],
  ),
);

export const flagsOf = new Map<CommandName, readonly Flag[]>();
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
export const typedAs = (command: CommandName, flag: Flag): fc.Arbitrary<readonly string[]> => {
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

export const stray = fc.oneof(
  fc
    .constantFrom('tiny', '--', '-', '-h1', '--=', '---', '-j', '--hasOwnProperty=x', '--hiden-dim=4')
    .map((text) => [text]),
  fc.string().map((text) => [text]),
);

const models = profileNames('models').map((name) => readProfile<ModelProfile>('models', name));

/** Small ones are answered in milliseconds; the published ones are what people ask for. */
export const modelOf = (small: number) =>
  fc.oneof(
    { weight: small, arbitrary: fc.constant(models.find(({ name }) => name === 'tiny')!) },
    { weight: 10, arbitrary: fc.constantFrom(...models) },
  );

export const printing: readonly string[] = ['json', 'output', 'format'];
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

export interface Kind {
  readonly small: number;
  readonly most: number;
  /** What every line of the command has. */
  readonly always?: fc.Arbitrary<readonly string[]>;
  readonly card: number;
}

export const files: Readonly<Record<string, string>> = {
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

export function configured(command: CommandName, { small, most, always, card }: Kind): fc.Arbitrary<Line> {
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

export const rarely = <Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

export const sometimes = (share: number, tokens: fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> =>
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

export const withImport = (line: fc.Arbitrary<Line>): fc.Arbitrary<Line> =>
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

export const printed = (line: fc.Arbitrary<Line>): fc.Arbitrary<Line> =>
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
