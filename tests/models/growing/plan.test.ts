/** What becomes of a checkpoint's arrays, against the names and shapes that the released code itself initialises. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { growthPlan, type Target } from '../../../src/models/growing/plan.js';
import type { StoredArray } from '../../../src/models/growing/types.js';
import { checkpointLayouts } from '../../../src/models/index.js';

interface Case {
  readonly latent_size: number;
  readonly gnn_msg_steps: number;
  readonly arrays: Readonly<Record<string, readonly number[]>>;
}

const stored = new URL('../../data/graphcast-checkpoint-arrays.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(stored, 'utf8')) as { readonly cases: readonly Case[] };
const layouts = await checkpointLayouts();
const arraysOf = ({ arrays }: Case): readonly StoredArray[] =>
  Object.entries(arrays).map(([name, shape]) => ({ name, shape }));

const refusal = (arrays: readonly StoredArray[], target: Target): InputError => {
  try {
    growthPlan(layouts, arrays, target);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('a released checkpoint', () => {
  const pairs = [
    [cases[0]!, cases[1]!],
    [cases[2]!, cases[3]!],
  ] as const;

  it.each(pairs)('has the larger model’s own names and shapes after it has grown', (small, large) => {
    const plan = growthPlan(layouts, arraysOf(small), { hiddenDim: large.latent_size, layers: large.gnn_msg_steps });
    expect(plan.from).toEqual({ hiddenDim: small.latent_size, layers: small.gnn_msg_steps });
    expect(Object.fromEntries(plan.arrays.map(({ name, shape }) => [name, shape]))).toEqual(large.arrays);
  });

  it('says of every array what becomes of it', () => {
    const { arrays } = growthPlan(layouts, arraysOf(cases[0]!), { hiddenDim: 32, layers: 5 });
    const of = (how: string) => arrays.filter((array) => array.how === how).length;
    // Only the bias of the output has no axis of units; a layer is two MLPs of six arrays.
    expect({ copied: of('copied'), tiled: of('tiled'), new: of('new') }).toEqual({
      copied: 1,
      tiled: Object.keys(cases[0]!.arrays).length - 1,
      new: 2 * 12,
    });
  });

  it('keeps its task and changes the two sizes in its settings', () => {
    const settings = ['model_config:latent_size', 'model_config:gnn_msg_steps', 'task_config:pressure_levels'];
    const arrays = [...arraysOf(cases[0]!), ...settings.map((name) => ({ name, shape: [] }))];
    const plan = growthPlan(layouts, arrays, { layers: 7 });
    expect(plan.arrays.filter(({ name }) => settings.includes(name)).map(({ how, value }) => [how, value])).toEqual([
      ['set', 16],
      ['set', 7],
      ['copied', undefined],
    ]);
  });
});

describe('what cannot grow', () => {
  const arrays = arraysOf(cases[0]!);

  it.each([
    [{ hiddenDim: 8 }, 'not-larger'],
    [{ layers: 2 }, 'not-larger'],
    [{ hiddenDim: 16, layers: 3 }, 'nothing-to-grow'],
  ])('%o is refused: %s', (target, code) => {
    expect(refusal(arrays, target).code).toBe(code);
  });

  it('a checkpoint of something else is refused with the kinds that are known', () => {
    const error = refusal([{ name: 'conv1.weight', shape: [64, 3, 7, 7] }], { hiddenDim: 32 });
    expect(error.code).toBe('unknown-checkpoint');
    expect(error.message).toContain('PhysicsNeMo GraphCastNet');
  });

  it('a model without a layer that could be followed by more is too small to become deeper', () => {
    // PhysicsNeMo's first and last layer stand outside of its equal ones.
    const physicsnemo = [0, 2].flatMap((index) => [
      { name: `finale.model.${index}.weight`, shape: [16, 16] },
      { name: `finale.model.${index}.bias`, shape: [16] },
    ]);
    const error = refusal(physicsnemo, { layers: 4 });
    expect(error.code).toBe('no-layer-to-copy');
    expect(error.nextSteps).toEqual(['train one of at least 3 layers first']);
  });

  it('an array that the network does not have is named', () => {
    const error = refusal([...arrays, { name: 'params:mesh_gnn/extra:w', shape: [16, 16] }], { hiddenDim: 32 });
    expect(error.message).toContain('params:mesh_gnn/extra:w');
  });

  it('an array whose shape does not match the others is named', () => {
    const broken = 'params:mesh_gnn/~_networks_builder/processor_edges_1_mesh_mlp/~/linear_0:w';
    const error = refusal(
      arrays.map((array) => (array.name === broken ? { ...array, shape: [47, 16] } : array)),
      { hiddenDim: 32 },
    );
    expect(error.code).toBe('shape-mismatch');
    expect(error.message).toContain(`${broken} [47, 16]`);
  });

  it('a width that is no multiple is refused where LayerNorms stand before the layers', () => {
    const anemoi = [
      { name: 'decoder.data.node_data_extractor.1.weight', shape: [8, 16] },
      { name: 'processor.proc.0.projection.weight', shape: [16, 16] },
    ];
    const error = refusal(anemoi, { hiddenDim: 24, heads: 4 });
    expect(error.code).toBe('not-a-multiple');
    expect(error.nextSteps).toEqual(['--hidden-dim 32']);
  });
});
