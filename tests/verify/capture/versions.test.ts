/**
 * Configurations that a seed drew, captured from the code bases' own classes as pip installs them (scripts/verify-drawn.mjs), against what
 * gc-plan prices today; docs/versions.md is written from them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fullElementBytes } from '../../../src/config/element-bytes.js';
import { counts } from '../../../src/models/counts.js';
import { codeBaseOf } from '../../../src/models/index.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import type { Flags } from '../../../src/options/typed.js';
import { priceProgram } from '../../../src/price.js';
import { predictedBytes } from '../../../src/services/verify.js';
import { asCaptured } from '../../../src/services/verify-captured.js';
import type { StepBytes } from '../../../src/verify/compare.js';
import { errorPercent } from '../../statistics.js';

interface Drawn {
  readonly number: number;
  readonly model: string;
  readonly flags: Flags;
  readonly versions: Readonly<Record<string, string>>;
  readonly measured: StepBytes;
}

/** Its classes are other ones in this release. */
interface Refused {
  readonly installed: string;
  readonly refused: string;
}

const drawn: readonly (Drawn | Refused)[] = readFileSync(
  new URL('../../data/verified-pytorch.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const verified = drawn.filter((each): each is Drawn => 'measured' in each);

async function priced({ model, flags }: Drawn) {
  const config = asCaptured(await resolveConfig({ model, flags: { runtime: 'pytorch', ...flags } }));
  const program = priceProgram(config, counts(config.model));
  return { config, predicted: predictedBytes(program, fullElementBytes(config.recipe)) };
}

const rows = await Promise.all(
  verified.map(async (each) => {
    const { config, predicted } = await priced(each);
    const codeBase = codeBaseOf(config.model.layout).name;
    const own = Object.entries(each.versions).filter(
      ([name]) => !['python', 'torch', 'torch-geometric'].includes(name),
    );
    return {
      environment: `${each.versions.torch} | ${codeBase} | ${own.map(([name, version]) => `${name} ${version}`).join(', ')}`,
      live: errorPercent(predicted.peakLiveBytes, each.measured.peakLiveBytes),
      parametersAgree: predicted.parameterBytes === each.measured.parameterBytes,
      torch: each.versions.torch!,
      number: each.number,
      codeBase,
      measured: each.measured,
    };
  }),
);

describe('steps of the installed code bases', () => {
  it('are 30 or more with torch 2.13, with an older and with a newer one', () => {
    for (const torch of ['2.10', '2.13', '2.14'])
      expect(rows.filter((row) => row.torch.startsWith(torch)).length).toBeGreaterThanOrEqual(30);
  });

  it('have the parameters that are priced, and live bytes within 0.1 %', () => {
    for (const { environment, live, parametersAgree } of rows)
      expect.soft({ environment, parametersAgree, near: Math.abs(live) <= 0.1 }).toEqual({
        environment,
        parametersAgree: true,
        near: true,
      });
  });

  it('are the table of docs/versions.md', async () => {
    const environments = [...new Set(rows.map(({ environment }) => environment))].sort();
    const lines = environments.map((environment) => {
      const errors = rows.filter((row) => row.environment === environment).map(({ live }) => live);
      const worst = errors.reduce((most, error) => (Math.abs(error) > Math.abs(most) ? error : most), 0);
      return `| ${environment} | ${errors.length} | ${worst.toFixed(4).replace('-', '−')} |`;
    });
    const changes = environments.flatMap((environment) => {
      const here = rows.filter((row) => row.environment === environment);
      const reference = referenceOf(here[0]!.codeBase);
      if (environment === reference) return [];
      const both = here.flatMap((row) => {
        const there = rows.find((each) => each.environment === reference && each.number === row.number);
        return there === undefined ? [] : [{ row, there }];
      });
      const changed = both.filter(({ row, there }) => JSON.stringify(row.measured) !== JSON.stringify(there.measured));
      const which = changed
        .map(({ row, there }) => `${row.number}: ${partsOf(there.measured, row.measured)}`)
        .join('; ');
      return [`| ${environment} | ${both.length} | ${which || 'nothing'} |`];
    });
    const others = drawn.flatMap((each) => ('refused' in each ? [`${each.installed}: \`${each.refused}\``] : []));
    await expect(page(lines, changes, [...new Set(others)])).toMatchFileSnapshot('../../../docs/versions.md');
  });
});

/** The newest release under torch 2.13.0, which CI installs. */
const referenceOf = (codeBase: string): string =>
  rows
    .filter((row) => row.codeBase === codeBase && row.torch === '2.13.0+cpu')
    .map(({ environment }) => environment)
    .sort()
    .at(-1)!;

const partsOf = (before: StepBytes, after: StepBytes): string =>
  (Object.keys(before) as (keyof StepBytes)[])
    .filter((key) => before[key] !== after[key])
    .map((key) => `${key} ${before[key]} → ${after[key]}`)
    .join(', ');

const page = (
  lines: readonly string[],
  changes: readonly string[],
  others: readonly string[],
): string => `# Versions of PyTorch and of the code bases

Generated by \`tests/verify/capture/versions.test.ts\` from \`tests/data/verified-pytorch.jsonl\`, which \`scripts/verify-drawn.mjs\` wrote:
configurations drawn by seed 17 over code bases, sizes, precisions, optimizers, batches, checkpoints, rollouts and forecasts; each step
built from the classes that pip had installed and captured without a GPU. Live bytes at the peak, predicted ÷ captured − 1, in percent.

| torch | code base | its release | steps | worst |
|---|---|---|---|---|
${lines.join('\n')}

What changes, in bytes of the same drawn step (parameters, end of the forward pass, peak, optimizer) from the newest release under
torch 2.13.0:

| torch | code base | its release | steps in both | what changes |
|---|---|---|---|---|
${changes.join('\n')}

Releases whose classes are built otherwise, which \`verify\` says with exit code 2; \`gc-plan capture\` records a step of them all the same:

${others.map((each) => `* ${each}`).join('\n')}

CI installs \`nvidia-physicsnemo 2.2.2\` and \`anemoi-models 0.19.0\` beside torch 2.13.0 (\`tests/verify/capture/code-bases.txt\`) and verifies four
configurations of their classes (\`tests/verify/capture/code-bases.process.test.ts\`).

Your own installation, and a configuration of your own:

\`\`\`
gc-plan verify neural-lam --runtime pytorch --python ~/venv/bin/python --grid 46x90 --mesh-level 3 --batch 4
\`\`\`

The answer names the first operation at which prediction and step part, and the result goes to the ledger with all versions. Not drawn:
\`concat-trick fused\`, \`--recompute-activation\`, Triton's attention, chunks of edges (the step's edges are random), optimizers of other
packages, several cards. graph-weather was drawn at H3 resolution 2: a grid point in one of the twelve pentagons has one edge less than is
priced, up to 0.7 % of the step at resolution 0.

What these captures found was mended: neural-lam and graph-weather embed the edges of the graph once, whatever the batch. Until then a
batch of 2 was priced 8 to 10 % too high for neural-lam and up to 8 % for graph-weather.
`;
