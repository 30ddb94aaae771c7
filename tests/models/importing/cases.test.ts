/** Small inputs, each for a kind of fault that real configuration files showed, and what is right for it. Nothing is priced as something else. */
import { describe, expect, it } from 'vitest';
import { asked, imported, said, sizes } from './cases.js';

describe("PhysicsNeMo's", () => {
  it('tuple is a grid, and num_channels is both widths', async () => {
    const { model, assumptions } = await imported('physicsnemo-tuple.yaml');
    expect(model).toMatchObject({ inputChannels: 34, outputChannels: 34, hiddenDim: 256, meshLevel: 6 });
    expect(model.grid).toEqual({ latitudes: 721, longitudes: 1440, kind: 'physicsnemo' });
    expect(assumptions.join(' ')).toMatch(/constructor\) stand in: mesh 6/);
  });

  it('GraphCastNet arguments are found where a recipe nests them, and nothing of the example is taken for granted', async () => {
    const { model, recipe } = await imported('physicsnemo-model-arguments.yaml');
    expect(model).toMatchObject({
      layout: 'physicsnemo',
      hiddenDim: 384,
      layers: 12,
      inputChannels: 44,
      outputChannels: 40,
    });
    expect(recipe).toMatchObject({ precision: 'fp32', concatTrick: 'fused', recomputeActivation: false });
    expect(recipe.checkpoint.encoder).toBe(false);
  });

  it('shallow-water example is its own model', async () => {
    const text =
      'data: {angular_resolution: 0.703125, multimesh_level: 6}\nmodel: {hidden_dim: 128, processor_layers: 16}\n';
    const { model } = await said(text, {});
    expect(model).toMatchObject({ hiddenDim: 128, inputChannels: 3, outputChannels: 3 });
    expect(model.grid).toMatchObject({ latitudes: 256, longitudes: 512 });
  });
});

describe("neural-lam's", () => {
  it('script is read with the variables that it sets, and asks for what its data set decides', async () => {
    const text = await asked(imported('neural-lam.sh', { gpus: '1' }));
    expect(text).toMatch(/--mesh-level N[\s\S]*--grid[\s\S]*--input-channels[\s\S]*--output-channels/);
    const { recipe, model } = await imported('neural-lam.sh', { gpus: '1', ...sizes });
    expect(recipe.batchSize).toBe(2);
    expect(model).toMatchObject({ layout: 'neural-lam', hiddenDim: 128, layers: 4 });
  });

  it('hierarchical model is refused by name', async () => {
    const text = '#!/bin/bash\npython -m neural_lam.train_model --model hi_lam --config_path c.yaml --graph h\n';
    expect(await asked(said(text, sizes, 'hi.sh'))).toMatch(/hi_lam is not priced/);
  });
});

describe("DeepMind's ModelConfig", () => {
  it('with resolution 0 asks for the grid and the levels', async () => {
    const text = await asked(imported('deepmind-resolution-0.json'));
    expect(text).toMatch(/--resolution DEG, or --grid/);
    expect(text).toMatch(/--levels 13\|37/);
    const { model } = await imported('deepmind-resolution-0.json', { resolution: '4', levels: '13' });
    expect(model).toMatchObject({ pressureLevels: 13, hiddenDim: 128, meshLevel: 4 });
  });

  it('without a TaskConfig is GraphCast_small where mesh and grid are, and says so', async () => {
    const { model, assumptions } = await imported('deepmind-small-without-task.json');
    expect(model).toMatchObject({ pressureLevels: 13, inputChannels: 186, outputChannels: 83 });
    expect(assumptions.join(' ')).toMatch(/no TaskConfig/);
  });

  it('keeps the limits of the flags, and refuses numbers that lose units', async () => {
    for (const latent of ['4611686018427387904', '9007199254740993', '65537', '0', '-3', '1e999', '12.5'])
      expect(
        await asked(said(`{"mesh_size": 4, "latent_size": ${latent}, "gnn_msg_steps": 8}`, {}, 'wide.json')),
      ).toMatch(/latent_size.*\n"latent_size": 512\n--hidden-dim 512/);
  });
});

it('PaddleScience is named, with the nearest that is priced', async () => {
  expect(await asked(imported('paddle.yaml'))).toMatch(/PaddleScience's GraphCast.*not priced[\s\S]*--runtime pytorch/);
});

it('a Python file gets one sentence that says what to give instead', async () => {
  expect(await asked(imported('a-program.py'))).toMatch(/a Python program is not read: give the configuration/);
});

it('aliases of aliases end with an error, whatever they would expand to', async () => {
  const lists = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
  const maps = Array.from(
    { length: 9 },
    (_, i) => `m${i + 1}: &m${i + 1} {${Array.from({ length: 9 }, (_, k) => `k${k}: *m${i}`).join(', ')}}`,
  );
  for (const text of [`a0: &a0 [1, 2]\n${lists.join('\n')}\n`, `m0: &m0 {x: 1}\n${maps.join('\n')}\n`])
    expect(await asked(said(text, {}))).toMatch(/more than 200,000 values/);
});

it.each([
  ['an alias of itself', 'model: &a {b: *a}\n'],
  ['half a million brackets', `a: ${'['.repeat(500_000)}\n`],
])('%s ends with an error', async (_, text) => {
  expect(await asked(said(text, {}))).toMatch(/nested more than 100 levels/);
});
