/** What a person types behind an option: mostly what it is for, else an end of its range, just beyond it, or rubbish. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { OptionValue } from '../../src/config/option-value.js';
import { profileNames } from '../../src/config/profiles.js';
import { exportNames } from '../../src/models/index.js';
import { solvable } from '../../src/search/solve-values.js';

/** Options of one command alone are known by their flag; of these only the name is. */
export interface Typeable {
  readonly name: string;
  readonly value?: OptionValue | undefined;
}

const recordedTrace = fileURLToPath(new URL('../data/traces/plain.trace.gz', import.meta.url));

const rubbish = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', ' ', '0', '-1', '1.5', 'NaN', 'Infinity', '1e9', '9'.repeat(400)) },
  { weight: 3, arbitrary: fc.constantFrom('24', '-1GB', '24GB', 'none', '__proto__', 'toString', '../x', '/', '.') },
  { weight: 2, arbitrary: fc.constantFrom('\u0000', '💥', '\u001b[31m', '1,2', '1..3', '--', '--json', '-h') },
  { weight: 1, arbitrary: fc.string() },
);

/** Where small whole numbers, or the example alone, would leave most of the option untried. */
const typical: Readonly<Record<string, readonly string[]>> = {
  'hidden-dim': ['8', '16', '24', '64', '256', '512'],
  layers: ['1', '2', '3', '4', '5', '6', '16'],
  'mesh-level': ['0', '1', '2', '2', '3', '4', '6'],
  'input-channels': ['3', '40', '183', '474'],
  'output-channels': ['1', '33', '83', '227'],
  'grid-nodes': ['2048', '65160', '1038240'],
  'mesh-nodes': ['642', '2562', '40962'],
  'mesh-edges': ['5100', '20460', '327660'],
  'grid2mesh-edges': ['4000', '105000', '1618824'],
  'mesh2grid-edges': ['6144', '195480', '3114720'],
  heads: ['1', '2', '4', '8'],
  resolution: ['1', '0.25', '5', '6', '1.5', '2.8125'],
  grid: ['31x60', '32x64', '16x32', '19x36', '61x120', '181x360', '720x1440', 'o32', 'n32', 'o96', '2x3'],
  gpu: ['h100-80gb', 'NVIDIA H200', 'b200', 'MI300X', 'a100-80gb', 'mi250', 'RTX 4090', 'k80'],
  vram: ['80 GiB', '512GB', '1TB', '1024TB', '192GB', '48000MB', '2TB', '96GB', '24GB', '1GB'],
  reserve: ['0GB', '1GB', '512MB', '30GB'],
  recipe: profileNames('recipes'),
  checkpoint: [
    ...['none', 'encoder', 'decoder', 'model', 'rollout', 'encoder+decoder', 'processor:every=1', 'processor:every=2'],
    ...[
      'processor:segments=2',
      'encoder+decoder+edges:blocks=8',
      'edges:blocks=2',
      'encoder+decoder+edges:blocks=4:loop',
    ],
    ...[
      'rollout+processor:every=3',
      'processor:every=1024',
      'processor:segments=2048',
      'edges:blocks=1024',
      'edges:blocks=1025',
    ],
  ],
  space: ['space.json'],
  from: ['16/2', '8/1'],
  to: ['32/4', '16/2', '64/2'],
  require: ['batch>=1', 'layers<=3 and parameters<20M', 'step-cost<2 or recompute-fraction=0', 'gpus=1'],
  'max-params': ['20M', '1K', '100000'],
  'max-step-cost': ['1.5', '0.1', '100'],
  prices: ['prices.json'],
  snapshot: ['step.pickle', 'nowhere/step.pickle'],
  perfetto: ['step.json', '.'],
  output: ['out', 'out.json', 'nowhere/out', '.', ''],
  tolerance: ['1%', '0', '100', '101%', '-1%'],
  ledger: ['ledger.jsonl', 'damaged.jsonl', '.', 'nowhere/ledger.jsonl'],
  measured: ['measured.json', 'measured.jsonl', 'empty.json', 'nothing'],
  python: ['false', 'true', 'echo', '/nowhere/python3', 'program.sh'],
  trace: [recordedTrace, recordedTrace, 'space.json', 'nothing.gz', '.'],
  'max-growth': ['2%', '0', '1000%', '1001%'],
  file: ['plan.yaml', 'gc-plan.yaml', 'nowhere/plan.yaml', '.'],
  import: ['imported.yaml'],
  for: [
    ...solvable,
    ...solvable.filter((key) => key !== 'rollout' && key !== 'layers').flatMap((key) => [key, key, key, key]),
  ],
  export: exportNames(),
  // More would be threads that run the compiled worker.
  workers: ['1'],
};

const smallest = 6;

function meant({ name, value }: Typeable): fc.Arbitrary<string> {
  const known = typical[name];
  if (known !== undefined) return fc.constantFrom(...known);
  if (value === undefined) throw new Error(`say what is typed behind --${name}: it has no record here`);
  switch (value.kind) {
    case 'integer': {
      const { minimum, maximum, example } = value.range;
      return fc.oneof(
        fc.integer({ min: minimum, max: Math.min(maximum, minimum + smallest) }).map(String),
        fc.constant(example),
      );
    }
    case 'decimal':
      return fc.constantFrom(value.range.example, String(value.range.maximum / 2));
    case 'choice':
      return fc.constantFrom(...value.choices);
    case 'text':
      return fc.constant(value.example);
    case 'switch':
      throw new Error(`--${name} takes no value`);
  }
}

/** The smallest and the largest value that may be typed; a decimal's smallest is the first above an end that is not part of it. */
export function endsOf(value: OptionValue): readonly string[] {
  if (value.kind !== 'integer' && value.kind !== 'decimal') return [];
  const { minimum, maximum, exclusiveMinimum } = value.range;
  return [exclusiveMinimum ? '0.000001' : String(minimum), String(maximum)];
}

function beyond({ name, value }: Typeable): fc.Arbitrary<string> {
  if (value?.kind === 'integer') {
    const { minimum, maximum } = value.range;
    return fc.constantFrom(String(minimum - 1), String(maximum + 1), `${maximum}0`);
  }
  if (value?.kind === 'decimal') return fc.constantFrom('0', '-0.5', String(value.range.maximum * 1.001));
  return meant({ name, value }).map((text) => `${text}x`);
}

/** `inLists`: sweep takes several values of one option. */
export function typedValue(option: Typeable, inLists = false): fc.Arbitrary<string> {
  const ends = option.value === undefined || option.name === 'workers' ? [] : endsOf(option.value);
  const one = meant(option);
  return fc.oneof(
    { weight: 60, arbitrary: one },
    ...(ends.length > 0 ? [{ weight: 6, arbitrary: fc.constantFrom(...ends) }] : []),
    ...(inLists ? [{ weight: 20, arbitrary: fc.array(one, { minLength: 2, maxLength: 3 }).map(String) }] : []),
    ...(inLists && ends.length > 0 ? [{ weight: 1, arbitrary: fc.constant(ends.join(',')) }] : []),
    { weight: 1, arbitrary: beyond(option) },
    { weight: 1, arbitrary: rubbish },
  );
}
