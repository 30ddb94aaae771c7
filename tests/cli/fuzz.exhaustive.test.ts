import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedOptions } from '../../src/options/definitions/shared.js';
import { errorSchema } from '../../src/reports/error/schema.js';
import { invoke } from './invoke.js';

const hostileValues = [
  '',
  '0',
  '-1',
  '1.5',
  'NaN',
  'Infinity',
  '1e9',
  '24',
  '-1GB',
  '24GB',
  'none',
  '__proto__',
  '../x',
  '\u0000',
  '💥',
  '--',
  '--json',
];

const typedValue = ({ value }: (typeof sharedOptions)[number]) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary:
        value.kind === 'choice' ? fc.constantFrom(...value.choices) : fc.integer({ min: 1, max: 9 }).map(String),
    },
    { weight: 1, arbitrary: fc.constantFrom(...hostileValues) },
  );

const files = new Set(['output', 'import', 'export']);
const typedFlag = fc.constantFrom(...sharedOptions.filter(({ name }) => !files.has(name))).chain((option) => {
  const name = `--${option.name}`;
  if (option.value.kind === 'switch') return fc.constantFrom([name], [`--no-${option.name}`], [`${name}=1`]);
  return fc.oneof(
    typedValue(option).map((value) => [name, value]),
    typedValue(option).map((value) => [`${name}=${value}`]),
    fc.constant([name]),
  );
});

const token = fc.oneof(
  { weight: 12, arbitrary: typedFlag },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('tiny', 'graphcast', '--', '-', '-h1', '--=', '---', '-j', '--hasOwnProperty=x')
      .map((text) => [text]),
  },
  { weight: 1, arbitrary: fc.string().map((text) => [text]) },
);

const commandLine = fc
  .tuple(fc.constantFrom('estimate', 'estimate', 'estimate', 'profiles', 'nothing'), fc.array(token, { maxLength: 5 }))
  .map(([command, tokens]) => [command, 'tiny', ...tokens.flat()]);

const numRuns = Number(process.env.GC_PLAN_FUZZ_RUNS ?? 2_000);

describe('any command line', () => {
  it(`exits 0, 1 or 2, and holds one document under --json (${numRuns} of them)`, { timeout: 1_200_000 }, async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(commandLine, async (argv) => {
        const { exit, stdout, stderr } = await invoke(argv);
        expect([0, 1, 2], `${JSON.stringify(argv)}\n${stdout}${stderr}`).toContain(exit);
        if (exit !== 2) answered++;
        const end = argv.indexOf('--');
        if (!argv.slice(0, end < 0 ? argv.length : end).includes('--json')) return;
        const document = JSON.parse(stdout);
        if (exit === 2) errorSchema.parse(document);
      }),
      { numRuns, endOnFailure: true },
    );
    // Otherwise the generator makes nonsense only, and estimates are never reached.
    expect(answered / numRuns).toBeGreaterThan(0.1);
  });
});
