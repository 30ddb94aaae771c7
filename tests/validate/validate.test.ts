import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { errorPercent, figuresOf } from '../../src/accuracy/figures.js';
import { accuracyPromises } from '../../src/accuracy/truth.js';
import { markdownTable } from '../../src/reports/markdown.js';
import { publishedSchemas, schemaId } from '../../src/reports/published-schemas.js';
import {
  compiledHead,
  compiledRows,
  evidenceHead,
  evidenceRows,
  evidenceSources,
  promiseHead,
  promiseRows,
  publishedHead,
  publishedRows,
  runtimeHead,
  runtimeRows,
  worstCases,
} from '../../src/reports/validate/rows.js';
import type { Validation } from '../../src/reports/validate/schema.js';
import { estimate } from '../../src/services/estimate.js';
import { invoke } from '../cli/invoke.js';
import { reflowed } from '../docs/prose.js';
import { quantile } from '../statistics.js';

let validation: Validation;
let exit: number;
beforeAll(async () => {
  // No ledger: what this machine verified is no part of what ships.
  vi.stubEnv('XDG_DATA_HOME', 'no-ledger');
  const run = await invoke(['validate', '--json']);
  validation = JSON.parse(run.stdout);
  exit = run.exit;
}, 120_000);
afterAll(() => vi.unstubAllEnvs());

describe('gc-plan validate', () => {
  it('exits 0: every promise about every runtime holds', () => {
    expect(validation.promises.filter(({ holds }) => !holds)).toEqual([]);
    expect(exit).toBe(0);
    expect(new Set(validation.promises.map(({ runtime }) => runtime))).toEqual(new Set(['pytorch', 'jax', 'tfjs']));
  });

  it('is what its published schema says', () => {
    const ajv = new Ajv2020({ schemas: Object.values(publishedSchemas()), strict: true });
    const check = ajv.getSchema(schemaId('gc-plan/validate@1'))!;
    expect(check(validation) ? [] : check.errors).toEqual([]);
  });

  it('computes its figures from its cases', () => {
    for (const { runtime, cases, medianErrorPercent, p95ErrorPercent, worstUnderPercent } of validation.runtimes) {
      const own = validation.cases.filter((each) => each.runtime === runtime);
      const errors = own.map(({ predictedBytes, truthBytes }) => 100 * (predictedBytes / truthBytes - 1));
      expect(cases).toBe(own.length);
      expect(medianErrorPercent).toBeCloseTo(quantile(errors.map(Math.abs), 0.5), 9);
      expect(p95ErrorPercent).toBeCloseTo(quantile(errors.map(Math.abs), 0.95), 9);
      expect(worstUnderPercent).toBeCloseTo(Math.max(0, ...errors.map((error) => -error)), 9);
    }
  });

  it('gives a figure for every published point of quality A or B and an answer for every C', () => {
    for (const { quality, errorPercent: error, agrees } of validation.published) {
      if (quality === 'A' || quality === 'B') expect(error).toBeDefined();
      if (quality === 'C') expect(agrees).toBeDefined();
    }
  });

  it('writes docs/accuracy.md as it is committed', async () => {
    await expect(reflowed(accuracyPage(validation))).toMatchFileSnapshot('../../docs/accuracy.md');
  });

  it.each([
    ['pytorch', 'physicsnemo-graphcast', {}],
    ['jax', 'graphcast-small', { 'xla-gemm': 'cublas' }],
    ['tfjs', 'tiny', { runtime: 'tfjs' }],
  ] as const)('says of %s what reports, the evidence that ships and the pages say', async (runtime, model, flags) => {
    const own = validation.runtimes.find((each) => each.runtime === runtime)!;
    const { cases, medianErrorPercent, p95ErrorPercent, worstUnderPercent } = own;
    const figures = { medianErrorPercent, p95ErrorPercent, worstUnderPercent };
    const close = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, expect.closeTo(value, 6)]));
    const { accuracy } = await estimate({ model, flags });
    expect(accuracy).toMatchObject({ cases, ...close });
    expect(validation.evidence).toContainEqual(expect.objectContaining({ runtime, cases, live: close }));
    const limits = accuracyPromises.filter((promise) => promise.runtime === runtime);
    for (const { figure, limitPercent } of limits) expect(figures[figure]).toBeLessThanOrEqual(limitPercent);
  });

  it('counts in README’s example, docs/accuracy-pytorch.md and docs/jax.md the cases of the evidence that ships', () => {
    const casesOf = (name: string, of: string, gemm?: string) =>
      validation.evidence.find(({ runtime, layout, xlaGemm }) => runtime === name && layout === of && xlaGemm === gemm)!
        .cases;
    const pytorch = casesOf('pytorch', 'physicsnemo');
    expect(readFileSync('README.md', 'utf8').replace(/\s+/g, ' ')).toContain(
      `physicsnemo in pytorch: ${pytorch} training steps`,
    );
    expect(readFileSync('docs/accuracy-pytorch.md', 'utf8')).toContain(`| live | ${pytorch} |`);
    const page = readFileSync('docs/jax.md', 'utf8');
    const steps = [
      'cuBLAS products',
      'cuBLAS products, hand-added recomputation',
      'hold-out',
      'second hold-out',
    ].concat('rollout without gradient checkpointing');
    const counted = steps.map((name) => Number(new RegExp(`^\\| ${name} \\| (\\d+) \\|`, 'm').exec(page)?.[1]));
    expect(counted.reduce((sum, count) => sum + count)).toBe(casesOf('jax', 'jax', 'cublas'));
    const tritonRows = /## Triton products\n([\s\S]*?)\n## /
      .exec(page)![1]!
      .split('\n')
      .filter((line) => /^\| [a-z]+\d/.test(line));
    expect(tritonRows).toHaveLength(casesOf('jax', 'jax', 'triton'));
  });

  it('promises what README says', () => {
    const readme = readFileSync('README.md', 'utf8');
    for (const runtime of ['pytorch', 'jax', 'tfjs'] as const) {
      const [median, p95, under] = accuracyPromises
        .filter((promise) => promise.runtime === runtime)
        .map(({ limitPercent }) => `${limitPercent} %`);
      expect(readme).toContain(`| ${runtime} | ${median} | ${p95} | ${under} |`);
    }
  });
});

describe('the figures of many errors', () => {
  it('count an over-prediction in the median, and not as an under-prediction', () => {
    expect(figuresOf([errorPercent(110, 100)])).toEqual({
      medianErrorPercent: expect.closeTo(10),
      p95ErrorPercent: expect.closeTo(10),
      worstUnderPercent: 0,
    });
    expect(figuresOf([errorPercent(90, 100), 0, 0]).worstUnderPercent).toBeCloseTo(10);
  });
});

function accuracyPage(report: Validation): string {
  return [
    '# Accuracy',
    '',
    'Written by `gc-plan validate` (a test keeps this page as the command gives it). Predicted is `peakLiveBytes`; errors are predicted ÷ truth − 1. Sizes and',
    'lifetimes follow from the code; XLA’s recomputation and all error bars are read off records like these. Quality: A allocator or compiler figure · B measured · C only fits or does not · D stated requirement.',
    '',
    markdownTable(runtimeHead, runtimeRows(report), '<>>>><'),
    '',
    ...report.runtimes.map(({ runtime, source }) => `- ${runtime}: ${source}`),
    '',
    '## What reports quote',
    '',
    'The accuracy line of a report is about its own code base, mode and, in JAX, products; what is not in this table is “not checked”.',
    'Reserved bytes are what PyTorch’s two allocators hold (PhysicsNeMo’s with the scratch of CUDA’s kernels, which the estimate leaves',
    'out). Triton: untuned kernels, and the number is that of cuBLAS, so its error is no surprise; the range has to hold them.',
    '',
    markdownTable(evidenceHead, evidenceRows(report), '<<>>>>>'),
    '',
    markdownTable(compiledHead, compiledRows(report), '<<<>>>>'),
    '',
    ...evidenceSources(report).map((line) => `- ${line}`),
    '',
    'Per case, with the allocators’ numbers too: [PyTorch](accuracy-pytorch.md), [JAX](jax.md).',
    '',
    '## Promises',
    '',
    '`gc-plan validate` exits 1 when one of these no longer holds.',
    '',
    markdownTable(promiseHead, promiseRows(report), '<>><'),
    '',
    '## Published figures',
    '',
    markdownTable(publishedHead, publishedRows(report), '<<<<>'),
    '',
    ...report.published.map(
      ({ id, source, explanation, command }) => `- ${id}: ${explanation} ${source}. \`${command}\``,
    ),
    '',
    '## The ten largest errors',
    '',
    markdownTable(
      ['runtime', 'configuration', 'error'],
      worstCases(report, 10).map(({ runtime, name, errorPercent: error }) => [runtime, name, `${error.toFixed(3)} %`]),
      '<<>',
    ),
    '',
  ].join('\n');
}
