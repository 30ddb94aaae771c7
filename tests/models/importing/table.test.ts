/**
 * What a configuration file of another code base gives: the right model, or the sentence that asks or refuses. None is priced as something else.
 * What is right was made by others' code: Hydra composed anemoi's entry files, PhysicsNeMo's class was built (`tests/data/imports.jsonl`,
 * written by scripts/imports-expected.py); DeepMind's parameters are published.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../../src/config/checkpoint.js';
import { gridName } from '../../../src/config/grid.js';
import type { Config } from '../../../src/config/types.js';
import { InputError } from '../../../src/errors.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { estimate } from '../../../src/services/estimate.js';
import { type Row, rows } from './rows.js';

/** What other code made of a file. */
interface Expected {
  readonly file: string;
  readonly by: string;
  readonly composed?: Readonly<Record<string, unknown>>;
  readonly refused?: string;
  readonly parameters?: number;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const expected = new Map(
  readFileSync(here('../../data/imports.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): [string, Expected] => [(JSON.parse(line) as Expected).file, JSON.parse(line)]),
);

type Outcome =
  | { readonly kind: 'model'; readonly config: Config }
  | { readonly kind: 'asks'; readonly flags: readonly string[] }
  | { readonly kind: 'refuses'; readonly message: string };

async function outcomeOf({ file, flags }: Row): Promise<Outcome> {
  try {
    return {
      kind: 'model',
      config: await resolveConfig({ flags: { import: here(`configurations/${file}`), ...flags } }),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (error.code !== 'missing-essentials') return { kind: 'refuses', message: error.message };
    return { kind: 'asks', flags: error.nextSteps.map((step) => /^--([\w-]+)/.exec(step)?.[1] ?? 'MODEL') };
  }
}

const titleOf = ({ file, flags }: Row): string =>
  [file, ...Object.entries(flags ?? {}).map(([flag, value]) => `--${flag} ${value}`)].join(' ');

/** Model and recipe in one, the checkpoints as they are typed. */
const flat = ({ model, recipe }: Config): Readonly<Record<string, unknown>> => ({
  ...model,
  ...recipe,
  checkpoint: formatCheckpoint(recipe.checkpoint),
});

const layouts: Readonly<Record<string, string>> = {
  GNNProcessor: 'anemoi-gnn',
  GraphTransformerProcessor: 'anemoi-graphtransformer',
  TransformerProcessor: 'anemoi-transformer',
  PointWiseMLPProcessor: 'anemoi-point-wise',
};
const mapperOf = (encoder: unknown): string =>
  String(encoder).replace('ForwardMapper', '').toLowerCase().replace('pointwise', 'point-wise');
const implementations: Readonly<Record<string, string>> = {
  flash_attention: 'flash',
  scaled_dot_product_attention: 'sdpa',
};
const precisions: Readonly<Record<string, string>> = { '16-mixed': 'fp16', 'bf16-mixed': 'bf16', '32-true': 'fp32' };

/** The composed keys in our words: num_chunks checkpoints of num_layers / num_chunks layers, N mapper chunks as N blocks of edges. */
function inOurWords(
  composed: Readonly<Record<string, unknown>>,
  typed: Row['flags'],
): Readonly<Record<string, unknown>> {
  const { layers, processorChunks, mapperChunks, checkpointing, optimizer, gpusPerNode, nodes } = composed;
  const mapper = mapperOf(composed.encoder);
  const parts = checkpointing
    ? ['encoder', 'decoder', `processor:every=${Number(layers) / Number(processorChunks)}`]
    : [];
  // A transformer's mappers are not cut.
  if (Number(mapperChunks) > 1 && mapper !== 'transformer') parts.push(`edges:blocks=${mapperChunks}`);
  const gpus = Number(typed?.gpus ?? Number(gpusPerNode) * Number(nodes));
  return {
    layout: layouts[String(composed.processor)],
    own: expect.objectContaining({
      mapper,
      ...(typeof composed.attention === 'string' && {
        windowSize: composed.window,
        attentionImplementation: implementations[String(composed.attention)],
      }),
      ...(typeof composed.qkNorm === 'boolean' && { qkNorm: composed.qkNorm }),
    }),
    ...(composed.network === 'AnemoiEnsModelEncProcDec' && { ensemble: composed.members }),
    ...(composed.meshGrid !== null && { latentGrid: composed.meshGrid }),
    hiddenDim: composed.hiddenDim,
    layers,
    ...(composed.heads !== null && { heads: Number(typed?.heads ?? composed.heads) }),
    mlpRatio: composed.mlpRatio,
    ...(composed.extraLayers !== null && { mlpHiddenLayers: 2 + Number(composed.extraLayers) }),
    ...(composed.meshLevel !== null && { meshLevel: composed.meshLevel }),
    dataGrid: composed.dataGrid,
    precision: precisions[String(composed.precision)],
    accumulate: Number(composed.accumulate),
    batchSize: composed.batchSize,
    rolloutSteps: composed.rolloutSteps,
    checkpoint: parts.join('+') || 'none',
    optimizer: 'adamw',
    gpus,
    parallel: gpus === 1 ? 'none' : optimizer === 'ZeroRedundancyOptimizer' ? 'zero1' : 'data',
  };
}

const short = (flags: Row['flags']): string =>
  Object.entries(flags ?? {})
    .map(([flag, value]) => `\`--${flag} ${value}\``)
    .join(' ');

function given(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'asks':
      return `asks: ${outcome.flags.map((flag) => (flag === 'MODEL' ? flag : `\`--${flag}\``)).join(' ')}`;
    case 'refuses':
      return `refused: ${outcome.message.slice(outcome.message.indexOf(': ') + 2)}`;
    case 'model': {
      const { model, recipe } = outcome.config;
      return [
        `**${model.layout} ${model.hiddenDim}/${model.layers}**`,
        `${gridName(model.grid)}, mesh ${model.mesh ? gridName(model.mesh) : model.meshLevel}`,
        `${model.inputChannels} → ${model.outputChannels}`,
        `${recipe.precision}, batch ${recipe.batchSize}${recipe.ensemble === undefined ? '' : `, ${recipe.ensemble} members`}${recipe.gpus > 1 ? `, ${recipe.gpus} cards` : ''}`,
        `${formatCheckpoint(recipe.checkpoint)}`,
      ].join('; ');
    }
  }
}

/** Whose numbers the row is held against. */
function source(row: Row, outcome: Outcome): string {
  if (outcome.kind !== 'model') return expected.has(row.file) && row.file.startsWith('anemoi') ? 'Hydra' : '–';
  if (row.published) return 'Haiku, parameters';
  const { composed, parameters } = expected.get(row.file) ?? {};
  return composed ? 'Hydra' : parameters ? 'constructor, parameters' : 'read by hand';
}

async function table(): Promise<string> {
  const lines = await Promise.all(
    rows.map(async (row) => {
      const outcome = await outcomeOf(row);
      const cells = [`\`${row.file}\``, short(row.flags) || '–', given(outcome), source(row, outcome)];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  );
  return [
    '<!-- table: written by tests/models/importing/table.test.ts -->',
    '| file | typed | gives | held against |',
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

describe('a configuration file is its own model, or asks, or is refused by name', () => {
  it.each(rows.map((row) => [titleOf(row), row] as const))('%s', async (_, row) => {
    const outcome = await outcomeOf(row);
    if (row.asks) {
      expect(outcome).toEqual({ kind: 'asks', flags: expect.arrayContaining([...row.asks]) });
      expect((outcome as { flags: readonly string[] }).flags).toHaveLength(row.asks.length);
      return;
    }
    if (row.refuses) {
      expect(outcome).toEqual({ kind: 'refuses', message: expect.stringContaining(row.refuses) });
      return;
    }
    if (outcome.kind !== 'model') expect.fail(JSON.stringify(outcome));
    const { config } = outcome;
    const { grid, mesh } = config.model;
    const given = { ...flat(config), dataGrid: gridName(grid), ...(mesh && { latentGrid: gridName(mesh) }) };
    expect(given).toMatchObject(row.gives ?? {});
    const { composed, parameters } = expected.get(row.file) ?? {};
    if (composed) expect(given).toMatchObject(inOurWords(composed, row.flags));
    const published = row.published?.parameters ?? (row.flags?.['hidden-dim'] ? undefined : parameters);
    if (published !== undefined) {
      // Widths decide the parameters of these code bases; a small graph is quicker to price.
      const { resolution: _, ...typed } = row.flags ?? {};
      const small = { grid: '19x36', 'mesh-level': '1', checkpoint: 'none' };
      const flags = { import: here(`configurations/${row.file}`), ...typed, ...small };
      expect((await estimate({ flags })).parameters.count).toBe(published);
    }
  });

  it('writes the table of docs/import.md', async () => {
    const page = readFileSync(here('../../../docs/import.md'), 'utf8');
    const start = page.indexOf('<!-- table');
    expect(start, 'docs/import.md has the mark where the table begins').toBeGreaterThan(0);
    await expect(`${page.slice(0, start)}${await table()}`).toMatchFileSnapshot('../../../docs/import.md');
  });

  it('takes at least fifteen of them from what other code made', () => {
    const held = rows.filter((row) => row.published || expected.has(row.file));
    expect(held.filter((row) => !row.asks && !row.refuses).length).toBeGreaterThanOrEqual(15);
    expect(new Set(rows.map(({ file }) => file)).size).toBeGreaterThanOrEqual(40);
  });
});
