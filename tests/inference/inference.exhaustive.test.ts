/** Inference as its own question: what it asks for by default, the words it answers in, and its ways out. */
import { describe, expect, it } from 'vitest';
import { advise, estimate, sweep } from '../../src/index.js';
import { solvable } from '../../src/search/solve-values.js';
import { invoke } from '../cli/invoke.js';

const forecast = { mode: 'inference' } as const;

describe('the defaults of inference', () => {
  it.each(['anemoi-graphtransformer', 'anemoi-gnn'])(
    'of %s are one sample and one step, whatever its training takes',
    async (model) => {
      const training = await estimate({ model, flags: {} });
      expect(training.config.recipe.batchSize).toBe(2);
      const { recipe } = (await estimate({ model, flags: forecast })).config;
      expect(recipe).toMatchObject({ batchSize: 1, rolloutSteps: 1, accumulate: 1, optimizer: 'none' });
    },
  );

  it('give way to a typed batch and a typed rollout', async () => {
    const { config } = await estimate({
      model: 'anemoi-gnn',
      flags: { ...forecast, batch: '3', rollout: '2' },
    });
    expect(config.recipe).toMatchObject({ batchSize: 3, rolloutSteps: 2 });
  });

  it('keep the mapper chunks that anemoi’s model cuts in every mode, and nothing else of its plan', async () => {
    const { config } = await estimate({ model: 'anemoi-graphtransformer', flags: forecast });
    expect(config.recipe.checkpoint).toMatchObject({
      encoder: false,
      decoder: false,
      processor: { kind: 'none' },
      edges: { kind: 'scan', blocks: 4 },
    });
  });

  it.each(['encoder', 'edges:blocks=4+encoder', 'processor:every=2'])(
    'refuse the checkpoint part of %s, which only a backward pass has',
    async (checkpoint) => {
      await expect(estimate({ model: 'anemoi-graphtransformer', flags: { ...forecast, checkpoint } })).rejects.toThrow(
        'has no meaning with --mode inference',
      );
    },
  );
});

describe('the evidence of inference', () => {
  it('is never that of training', async () => {
    const { accuracy } = await estimate({ model: 'anemoi-gnn', flags: forecast });
    expect(accuracy).toMatchObject({ codeBase: 'anemoi', mode: 'inference', checked: false, cases: 0 });
    expect(accuracy).not.toHaveProperty('medianErrorPercent');
    const traced = await estimate({ model: 'anemoi-graphtransformer', flags: forecast });
    expect(traced.accuracy).toMatchObject({ mode: 'inference', checked: true });
    expect(traced.accuracy.source).toContain('forecasts');
    const training = await estimate({ model: 'graphcast-small', flags: {} });
    expect(training.accuracy).toMatchObject({ codeBase: 'deepmind', mode: 'train', checked: true });
  });
});

describe('more mapper chunks in inference', () => {
  it('never need more memory', async () => {
    const peaks: number[] = [];
    for (const blocks of [1, 2, 4, 8, 16]) {
      const flags = { ...forecast, checkpoint: `edges:blocks=${blocks}` };
      peaks.push((await estimate({ model: 'anemoi-graphtransformer', flags })).memory.peakLiveBytes);
    }
    expect(peaks).toEqual(peaks.toSorted((a, b) => b - a));
    expect(peaks.at(-1)).toBeLessThan(peaks[0]!);
  });
});

describe('a forecast of several steps in one program', () => {
  it('in PyTorch keeps the predictions of all steps, as torch 2.13 holds them', async () => {
    // `[model(x)]` three times under no_grad, torch.cuda's own count: 46×90 M3 H64 L4, 11 → 11 channels, fp32 (2026-11).
    const { memory } = await estimate({
      model: 'physicsnemo-graphcast',
      flags: {
        ...forecast,
        rollout: '3',
        grid: '46x90',
        'mesh-level': '3',
        'hidden-dim': '64',
        layers: '4',
        'input-channels': '11',
        'output-channels': '11',
        precision: 'fp32',
        'concat-trick': 'off',
        'recompute-activation': false,
      },
    });
    expect(memory.peakLiveBytes).toBe(25_955_100);
  });

  it('says which loop is meant and what one step at a time needs', async () => {
    const flags = { ...forecast, rollout: '40' };
    const { assumptions } = await estimate({ model: 'graphcast-operational', flags });
    const alone = await estimate({ model: 'graphcast-operational', flags: forecast });
    const GiB = (alone.memory.deviceBytes / 2 ** 30).toFixed(2);
    expect(assumptions.join('\n')).toContain('40 steps in one program, whose predictions all stay on the card');
    expect(assumptions.join('\n')).toContain(`${GiB} GiB if one step at a time`);
    expect(alone.assumptions.join('\n')).not.toContain('in one program');
  });

  it('is explained where the flag is typed', async () => {
    const { stdout } = await invoke(['estimate', '--help-all']);
    expect(stdout.replace(/\s+/g, ' ')).toContain('Inference: the predictions of all steps stay on the card');
  });
});

describe('the ways out of a forecast that does not fit', () => {
  it('call the model step by step, with the line that DeepMind’s code has for it', async () => {
    const flags = { ...forecast, rollout: '40', gpu: 'rtx-3090' };
    const { cheapest } = await advise({ model: 'graphcast-operational', flags });
    expect(cheapest?.change).toContain('--rollout 1');
    expect(cheapest?.verdict.kind).toBe('fits');
    expect(cheapest?.relativeCost).toBeCloseTo(1, 2);
    expect(JSON.stringify(cheapest?.parts)).toContain('rollout.chunked_prediction');
    const { verdict } = await estimate({ model: 'graphcast-operational', flags });
    expect(verdict).toMatchObject({ smallestChange: { change: cheapest?.change } });
  });

  it('cut anemoi’s mappers with the variable that anemoi-inference reads', async () => {
    const flags = { ...forecast, grid: '361x720', vram: '5GB' };
    const { verdict, cheapest } = await advise({ model: 'anemoi-graphtransformer', flags });
    expect(verdict.kind).not.toBe('fits');
    expect(cheapest?.change).toContain('--checkpoint edges:blocks=');
    expect(JSON.stringify(cheapest?.parts)).toContain('ANEMOI_INFERENCE_NUM_CHUNKS_MAPPER=');
  });

  it('cut anemoi’s graph processor where its edges are most of the peak, and never a transformer over rows', async () => {
    const small = { grid: '19x36', 'mesh-level': '5', 'hidden-dim': '64', layers: '2', heads: '4', vram: '600MB' };
    const flags = { ...forecast, ...small, 'attention-backend': 'pyg' } as const;
    const { changes } = await advise({ model: 'anemoi-graphtransformer', flags });
    const cut = changes.find(({ strategy }) => strategy === 'processor-chunks');
    expect(cut?.change).toContain('processor:blocks=');
    expect(JSON.stringify(cut?.code)).toContain('ANEMOI_INFERENCE_NUM_CHUNKS_PROCESSOR=');
    const rows = await advise({ model: 'anemoi-transformer', flags: { ...forecast, ...small } });
    expect(rows.changes.map(({ strategy }) => strategy)).not.toContain('processor-chunks');
  });

  it('take fewer samples per call at the same work per sample', async () => {
    const flags = { ...forecast, batch: '4', gpu: 'rtx-3090' };
    const { changes } = await advise({ model: 'anemoi-graphtransformer', flags });
    const fewer = changes.find(({ strategy }) => strategy === 'samples-per-call');
    expect(fewer?.relativeCost).toBeCloseTo(1, 6);
  });

  it.each(['graphcast-small', 'anemoi-graphtransformer'])(
    'of %s are printed as commands that give the numbers beside them',
    async (model) => {
      const flags = { ...forecast, batch: '4', rollout: '2', vram: '4GB' };
      const { changes } = await advise({ model, flags });
      expect(changes.length).toBeGreaterThan(0);
      for (const { command, deviceBytes } of changes) {
        const { stdout } = await invoke([...command.split(' ').slice(1), '--json']);
        expect(JSON.parse(stdout).memory.deviceBytes).toBe(deviceBytes);
      }
    },
  );
});

describe('work in inference', () => {
  it('is that of the forward pass, in words and per sample', async () => {
    const { stdout } = await invoke(['estimate', 'anemoi-graphtransformer', '--mode', 'inference', '--details']);
    expect(stdout).toMatch(/work +[1-9][\d.]* [GTP]FLOP per forward pass/);
    for (const word of ['0.0 MFLOP', 'training step', 'gradients', 'optimizer', 'recomputed', 'adamw'])
      expect(stdout).not.toContain(word);
  });

  it('has a sweep whose plan takes samples, not optimizer steps', async () => {
    const { candidates, plan } = await sweep({ model: 'graphcast-small', flags: { ...forecast, vram: '24GB' } });
    expect(candidates.fits).toBeGreaterThan(0);
    expect(plan.stages.map(({ accumulate }) => accumulate)).toEqual(plan.stages.map(() => 1));
  });
});

const models = [
  ['graphcast-small', 'jax'],
  ['graphcast-small', 'pytorch'],
  ['tiny', 'tfjs'],
  ['physicsnemo-graphcast', 'pytorch'],
  ['physicsnemo-graphcast', 'jax'],
  ['anemoi-graphtransformer', 'pytorch'],
  ['anemoi-gnn', 'pytorch'],
  ['graph-weather', 'pytorch'],
  ['neural-lam', 'pytorch'],
] as const;
const small = ['--hidden-dim', '64', '--layers', '4', '--grid', '46x90', '--mesh-level', '3', '--mode', 'inference'];

const commands: readonly (readonly string[])[] = [
  ['estimate', '--gpu', 'rtx-3090'],
  ['estimate', '--rollout', '2', '--vram', '1GB'],
  ['explain'],
  ['advise', '--vram', '1GB', '--rollout', '2'],
  ['sweep', '--vram', '2GB', '--from', '64/4', '--to', '64/4', '--batch', '1,2', '--checkpoint', 'none'],
];

/** Exit 2 would mean that the question cannot be asked, 70 that it broke something. */
async function answer(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await invoke(args);
  expect([0, 1], `${args.join(' ')}: ${stderr}`).toContain(exit);
  return stdout;
}

describe.each(models)('%s in %s', (model, runtime) => {
  it.each(commands)('answers %s without a word about training', async (command, ...rest) => {
    const args = [command!, model, '--runtime', runtime, ...small, ...rest];
    expect(await answer(...args)).not.toMatch(/NaN|Infinity|undefined|0\.0 MFLOP|per training step|optimizer step/);
    expect(await answer(...args, '--json')).not.toMatch(/NaN|Infinity/);
  });
});

describe('solve', () => {
  it.each(solvable)('finds the --%s of a forecast or says why it cannot be asked', async (key) => {
    const args = ['solve', 'graphcast-small', '--mode', 'inference', '--for', key, '--vram', '3GB'];
    const { exit, stderr } = await invoke(args);
    expect([0, 1], `${args.join(' ')}: ${stderr}`).toContain(exit);
  });

  it.each(models)('finds the batch of %s in %s', async (model, runtime) => {
    await answer('solve', model, '--runtime', runtime, '--mode', 'inference', '--for', 'batch', '--vram', '8GB');
  });
});

describe('every format of every command', () => {
  it.each([
    ['estimate', 'html'],
    ['estimate', 'github'],
    ['explain', 'html'],
    ['sweep', 'html'],
    ['verify', 'html'],
  ] as const)('%s --format %s speaks of a forecast', async (command, format) => {
    const [, ...rest] = commands.find(([name]) => name === command) ?? [command, '--backend', 'js', '--steps', '2'];
    const page = await answer(command, 'tiny', '--runtime', 'tfjs', '--mode', 'inference', ...rest, '--format', format);
    const [readable = ''] = page.split('<script');
    expect(readable).not.toMatch(/NaN|0\.0 MFLOP|training step in|optimizer step|adamw/);
  });
});
