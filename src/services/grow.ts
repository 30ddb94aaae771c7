/** `gc-plan grow`: from a checkpoint of one stage to the checkpoint that the next one starts from. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shown } from '../config/nearest.js';
import { withRegularFile } from '../config/read-file.js';
import { InputError } from '../errors.js';
import { growthPlan } from '../models/growing/plan.js';
import type { GrownArray, GrowthPlan } from '../models/growing/types.js';
import { checkpointLayouts } from '../models/index.js';
import type { Flags } from '../options/typed.js';
import type { Grown } from '../reports/grow/schema.js';
import { parseGrow } from '../verify/grow/options.js';
import { inspectCheckpoint, writeGrown } from '../verify/grow/run.js';
import { tool } from '../version.js';
import { replaceWith } from './write.js';

export interface GrowInput {
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly flags: Flags;
  readonly signal?: AbortSignal | undefined;
}

/** Copies of a unit are weighed by shares of up to a tenth more or less than equal ones, and then learn different things. */
const asymmetry = 0.1;
/** The same file every time. */
const seed = 1;

export async function grow({ source, target, flags, signal }: GrowInput): Promise<Grown> {
  const options = parseGrow(source, target, flags);
  requireTwoFiles(options.source, options.target);
  const python = { python: options.python, timeoutMs: options.timeoutMs, signal };
  const { format, arrays, dropped } = await inspectCheckpoint(options.source, python);
  const plan = growthPlan(await checkpointLayouts(), arrays, options.size);
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-'));
  try {
    const planFile = join(folder, 'plan.json');
    writeFileSync(planFile, JSON.stringify({ arrays: plan.arrays, asymmetry, seed }));
    await replaceWith(options.target, (file) => writeGrown(options.source, planFile, file, python), 'TO');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return reportOf(plan, {
    format,
    fromFile: options.source,
    toFile: options.target,
    optimizer: dropped.length === 0 ? 'none' : 'reset',
    dropped,
  });
}

function requireTwoFiles(source: string, target: string): void {
  const from = withRegularFile(source, () => statSync(source));
  const to = statSync(target, { throwIfNoEntry: false });
  if (to !== undefined && to.dev === from.dev && to.ino === from.ino)
    throw new InputError('same-file', `${shown(target)} is the checkpoint itself, which stays as it is.`, [
      'name another file to write',
    ]);
}

const numElements = ({ shape }: Pick<GrownArray, 'shape'>): number =>
  shape.reduce((product, length) => product * length, 1);

interface Files {
  readonly format: Grown['format'];
  readonly fromFile: string;
  readonly toFile: string;
  readonly optimizer: Grown['optimizer'];
  readonly dropped: readonly string[];
}

function reportOf({ label, from, to, arrays }: GrowthPlan, files: Files): Grown {
  const { fromFile, toFile, format, optimizer, dropped } = files;
  const sources = arrays.flatMap((array) => array.from ?? []);
  const sum = (all: readonly Pick<GrownArray, 'shape'>[]) =>
    all.reduce((total, array) => total + numElements(array), 0);
  return {
    schema: 'gc-plan/grow@1',
    tool: tool(),
    checkpoint: label,
    format,
    from: { file: fromFile, ...from, arrays: sources.length, elements: sum(sources) },
    to: { file: toFile, ...to, arrays: arrays.length, elements: sum(arrays) },
    arrays: arrays.map(({ name, shape, how, from: before }) => ({
      name,
      how,
      shape,
      ...(before !== undefined && { fromShape: before.shape }),
    })),
    optimizer,
    dropped,
    assumptions: assumptionsOf(from, to, optimizer),
  };
}

function assumptionsOf(
  from: GrowthPlan['from'],
  to: GrowthPlan['to'],
  optimizer: Grown['optimizer'],
): readonly string[] {
  const isMultiple = to.hiddenDim % from.hiddenDim === 0;
  const wider = isMultiple
    ? 'Copies of a unit are read with unequal shares that sum to 1, so that they learn different things.'
    : 'New units give 0 until they have learnt; the outputs before each LayerNorm were centred, which it does too.';
  return [
    'The larger model computes what the smaller one did; a few units in the last place of fp32 differ.',
    ...(to.hiddenDim > from.hiddenDim ? [wider] : []),
    ...(to.layers > from.layers
      ? ['New layers stand behind the old ones; their last operation is 0, so they hand on what they get.']
      : []),
    optimizer === 'reset'
      ? 'The optimizer’s state is left out: its moments start again at 0, so warm the learning rate up once more.'
      : 'The file holds no optimizer state: moments start at 0, so warm the learning rate up once more.',
  ];
}
