import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import type { Explanation } from '../../src/reports/explain/schema.js';
import { publishedSchemas, schemaId } from '../../src/reports/published-schemas.js';
import { invoke } from '../cli/invoke.js';

const cases = [
  ['tiny'],
  ['tiny', '--runtime', 'jax'],
  ['physicsnemo-graphcast'],
  ['graphcast-small', '--rollout', '2'],
  ['graphcast-small', '--runtime', 'pytorch', '--accumulate', '2', '--hidden-dim', '64', '--layers', '2'],
  ['graphcast-small', '--mode', 'inference'],
];

const json = async (command: string, argv: readonly string[]) =>
  JSON.parse((await invoke([command, ...argv, '--json'])).stdout);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe.each(cases)('gc-plan explain %s %s %s', (...argv) => {
  let explanation: Explanation;
  let estimate: Estimate;
  beforeAll(async () => {
    explanation = await json('explain', argv);
    estimate = await json('estimate', argv);
  });

  it('is what its published schema says', () => {
    const ajv = new Ajv2020({ schemas: Object.values(publishedSchemas()), strict: true });
    const validate = ajv.getSchema(schemaId('gc-plan/explain@1'))!;
    expect(validate(explanation) ? [] : validate.errors).toEqual([]);
  });

  it('gives every operation bytes that its categories and its modules partition', () => {
    for (const { liveBytes, byCategory, byModule } of explanation.operations) {
      expect(sum(byCategory)).toBe(liveBytes);
      expect(sum(byModule)).toBe(liveBytes);
    }
  });

  it('has the peak of the estimate, with the same parts', () => {
    const { peak, operations, categories } = explanation;
    const at = operations[peak.at]!;
    expect([at.operation, at.liveBytes]).toEqual([estimate.peak.operation, estimate.memory.peakLiveBytes]);
    expect(Math.max(...operations.map(({ liveBytes }) => liveBytes))).toBe(peak.liveBytes);
    for (const [index, category] of categories.entries())
      expect(at.byCategory[index]).toBe(estimate.memory[`${category}Bytes`]);
    for (const { phase, peakLiveBytes } of estimate.memory.phases) {
      const inPhase = operations.filter((operation) => operation.phase === phase);
      if (inPhase.length > 0) expect(Math.max(...inPhase.map(({ liveBytes }) => liveBytes))).toBe(peakLiveBytes);
    }
  });

  it('lists arrays that are alive at the peak, the largest first, each with bytes = lengths × dtype', () => {
    const { largest, peak } = explanation;
    const elementBytes: Record<string, number> = { bf16: 2, fp16: 2, fp32: 4, int32: 4, int64: 8, int8: 1, bool: 1 };
    expect(largest).toHaveLength(Math.min(10, peak.numArrays));
    for (const [index, { bytes, lengths, dtype, madeAt, freedAt }] of largest.entries()) {
      expect(bytes).toBe(lengths.reduce((product, length) => product * length, 1) * elementBytes[dtype]!);
      expect(bytes).toBeLessThanOrEqual(largest[index - 1]?.bytes ?? Number.POSITIVE_INFINITY);
      if (madeAt !== null) expect(madeAt).toBeLessThanOrEqual(peak.at);
      if (freedAt !== null) expect(freedAt).toBeGreaterThanOrEqual(peak.at);
    }
  });

  it('lists all arrays when asked, and they are the whole peak', async () => {
    const { largest, groups, peak }: Explanation = await json('explain', [...argv, '--top', '10000']);
    expect(largest).toHaveLength(peak.numArrays);
    expect(sum(largest.map(({ bytes }) => bytes))).toBe(peak.liveBytes);
    expect(Math.min(...largest.map(({ bytes }) => bytes))).toBeGreaterThanOrEqual(0);
    expect(sum(groups.map(({ count }) => count))).toBe(peak.numArrays);
    expect(sum(groups.map(({ totalBytes }) => totalBytes))).toBe(peak.liveBytes);
    expect(groups.length).toBeLessThan(largest.length);
  });

  it('says of arrays that differ in their layer alone how many there are, and of which layers', async () => {
    const { groups, largest }: Explanation = await json('explain', [...argv, '--top', '10000']);
    for (const { count, bytes, totalBytes, shape, freedBy } of groups) {
      expect(totalBytes).toBe(count * bytes);
      expect(largest.filter((array) => array.shape === shape && array.bytes === bytes).length).toBeGreaterThanOrEqual(
        count,
      );
      if (count === 1) expect(freedBy ?? '').not.toContain('–');
    }
  });

  it.each([80, 120])(
    'is drawn within %i columns, the peak marked under the column that reaches the top',
    async (columns) => {
      const { stdout } = await invoke(['explain', ...argv], { columns });
      const lines = stdout.split('\n');
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(columns);
      const top = lines.find((line) => line.includes('┤'))!;
      const mark = lines.find((line) => line.includes('▲'))!.indexOf('▲');
      expect(top[mark]).not.toBe(' ');
      expect(top[mark]).toBeDefined();
    },
  );
});

describe('gc-plan explain', () => {
  it('shows what is recomputed as a phase of its own', async () => {
    const phasesOf = async (...flags: readonly string[]) =>
      ((await json('explain', ['physicsnemo-graphcast', ...flags])) as Explanation).phases;
    expect((await phasesOf('--checkpoint', 'encoder')).some(({ recompute }) => recompute)).toBe(true);
    expect((await phasesOf('--checkpoint', 'none')).some(({ recompute }) => recompute)).toBe(false);
  });

  it('says the command line that gives the same explanation again', async () => {
    const { command, largest }: Explanation = await json('explain', ['tiny', '--batch', '3']);
    expect(command).toBe('gc-plan explain tiny --batch 3');
    expect((await json('explain', command.split(' ').slice(2))).largest).toEqual(largest);
  });
});

describe('gc-plan explain of a step that is too long to list', () => {
  it('says so, and what to type instead', async () => {
    const flags = ['--runtime', 'tfjs', '--rollout', '12', '--checkpoint', 'edges:blocks=1024'];
    const { exit, stderr } = await invoke(['explain', 'tiny', ...flags]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/more than 500,000 operations[\s\S]+→ --rollout 1[\s\S]+→ gc-plan estimate/);
  });
});
