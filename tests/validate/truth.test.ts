/** Writes `profiles/truth/` from the records of `tests/data`; fails where the committed files are not what the records give. */
import { describe, expect, it } from 'vitest';
import { casesOf, type TruthCase, type TruthFile } from '../../src/accuracy/truth.js';
import { counts } from '../../src/models/counts.js';
import * as pytorch from '../runtimes/pytorch/records.js';
import * as jax from '../runtimes/xla/records.js';
import { jaxTraining, measuredInTfjs, noCard } from './evidence.js';

const differing = <Value extends object>(value: Value, base: Value): Partial<Value> =>
  Object.fromEntries(
    Object.entries(value).filter(([key, entry]) => JSON.stringify(entry) !== JSON.stringify(base[key as keyof Value])),
  ) as Partial<Value>;

function fileOf(head: Pick<TruthFile, 'runtime' | 'quality' | 'source'>, cases: readonly TruthCase[]): TruthFile {
  const { model, recipe } = cases[0]!.config;
  return {
    ...head,
    base: { model, recipe },
    cases: cases.map(({ config, counts, peakLiveBytes }) => ({
      model: differing(config.model, model),
      recipe: differing(config.recipe, recipe),
      counts,
      ...(config.device && { computeCapability: config.device.computeCapability }),
      peakLiveBytes,
    })),
  };
}

/** One case a line, so that a change shows which. */
const written = ({ cases, ...head }: TruthFile): string =>
  `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "cases": [\n${cases.map((each) => `    ${JSON.stringify(each)}`).join(',\n')}\n  ]\n}\n`;

const files = {
  pytorch: fileOf(
    {
      runtime: 'pytorch',
      quality: 'A',
      source:
        'PhysicsNeMo 2.2.2 under torch 2.13, every storage of a training step traced by torch itself (fake CUDA tensors)',
    },
    pytorch.records.map((record) => ({
      config: pytorch.configOf(record),
      counts: pytorch.countsOf(record),
      peakLiveBytes: record.peak_requested_bytes,
    })),
  ),
  jax: fileOf(
    {
      runtime: 'jax',
      quality: 'A',
      source:
        "DeepMind's training step compiled by XLA:GPU (jaxlib 0.10.2, cuBLAS products) for described cards: its buffer assignment",
    },
    jaxTraining('cublas').map((record) => ({
      config: jax.configOf(record),
      counts: jax.countsOf(record),
      peakLiveBytes: record.peak_bytes_estimate,
    })),
  ),
  tfjs: fileOf(
    {
      runtime: 'tfjs',
      quality: 'B',
      source:
        'real training steps of TensorFlow.js 4.22 (TensorFlow 2.15 on a CPU), distinct buffers counted in its engine by gc-plan verify',
    },
    measuredInTfjs.map(({ config: { model, recipe }, measured: { peakLiveBytes } }) => ({
      config: { ...noCard, runtime: 'tfjs', model, recipe },
      counts: counts(model),
      peakLiveBytes,
    })),
  ),
};

describe('the ground truth that ships', () => {
  it.each(Object.entries(files))('of %s is what the records of tests/data give', async (runtime, file) => {
    await expect(written(file)).toMatchFileSnapshot(`../../profiles/truth/${runtime}.json`);
  });

  it.each(Object.entries(files))('of %s reads back as the configurations that were written', (_, file) => {
    const read = casesOf(JSON.parse(written(file)) as TruthFile);
    expect(read).toHaveLength(file.cases.length);
    for (const [index, { config }] of read.entries()) {
      expect(config.model).toEqual({ ...file.base.model, ...file.cases[index]!.model });
      expect(config.runtime).toBe(file.runtime);
    }
  });
});
