import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveness } from '../../../src/memory/liveness.js';
import { layoutBytes } from '../../../src/memory/trace.js';
import { counts } from '../../../src/models/counts.js';
import { priceProgram } from '../../../src/price.js';
import { hostTransferBytes } from '../../../src/runtimes/pytorch/host-transfer.js';
import { reflowed } from '../../docs/prose.js';
import { configured, inputs } from '../../laws/configurations.js';
import { errorPercent } from '../../statistics.js';
import { accuracyPage } from './offload-page.js';
import { configOf, type OffloadRecord, type Outcome, planOf, predict, records } from './offload-records.js';

const outcomes = records.map(predict);
const worst = (errors: readonly number[]) => Math.max(...errors.map(Math.abs));

/** Bytes allocated (positive) and freed from the first `optimizer` mark to the next one of another phase. */
function firstUpdate({ trace: { events, marks }, bytes }: Outcome): readonly number[] {
  const index = marks.findIndex(({ phase }) => phase === 'optimizer');
  const span = events.slice(marks[index]!.firstEvent, marks[index + 1]!.firstEvent);
  return [...span].map((event) => Math.sign(event) * bytes[Math.abs(event) - 1]!);
}

describe('8-bit and factored optimizers, and what waits on the host, against torch’s own events', () => {
  it('are recorded over widths, depths, precisions, plans, optimizers and offloads', () => {
    const distinct = (of: (record: OffloadRecord) => unknown) => new Set(records.map(of)).size;
    expect(records.length).toBeGreaterThan(80);
    expect(distinct(({ precision }) => precision)).toBe(3);
    expect(distinct(({ offload }) => offload)).toBe(4);
    expect(distinct(({ optimizer }) => optimizer)).toBeGreaterThanOrEqual(6);
    expect(distinct(planOf)).toBeGreaterThan(20);
  });

  it('predicts the peak of live bytes within 0.01 %', () => {
    expect(worst(outcomes.map(({ errors }) => errors.live))).toBeLessThan(0.01);
  });

  it('predicts what both allocators reserve within 1 %', () => {
    expect(worst(outcomes.map(({ errors }) => errors.native))).toBeLessThan(1);
    expect(worst(outcomes.map(({ errors }) => errors.expandable))).toBeLessThan(1);
  });

  it('predicts what is alive at the end of the forward pass within 0.1 %', () => {
    for (const { live, record } of outcomes)
      expect(Math.abs(errorPercent(live.forwardEndBytes, record.end_of_forward_bytes))).toBeLessThan(0.1);
  });

  it('predicts the optimizer’s state to the byte wherever torch’s peak holds it whole', () => {
    for (const { live, record } of outcomes)
      expect(live.byCategory.optimizer).toBe(record.bytes_at_peak_by_category.optstate);
  });

  it('predicts what is alive while the second update runs within 0.01 %', () => {
    for (const { live, record } of outcomes) {
      const truth = record.optimizer_phase_peak_bytes;
      if (truth === 0) continue;
      const { peakLiveBytes } = live.phases.find(({ phase }) => phase === 'optimizer')!;
      expect(Math.abs(errorPercent(peakLiveBytes, truth))).toBeLessThan(0.01);
    }
  });

  it('makes and frees what the first update does, in its order, byte for byte', () => {
    const recorded = outcomes.filter(({ record }) => record.optimizer_events !== undefined);
    expect(recorded.length).toBeGreaterThanOrEqual(5);
    for (const outcome of recorded) expect(firstUpdate(outcome)).toEqual(outcome.record.optimizer_events);
  });

  it('sends over the bus what torch copies to the host, and as much back', () => {
    for (const { record, trace, bytes } of outcomes) {
      if (record.offload === 'none') continue;
      expect(hostTransferBytes(configOf(record), trace, bytes, 1)).toBe(2 * record.to_host_bytes);
    }
  });

  it('writes docs/accuracy-offload.md as it is committed', async () => {
    await expect(reflowed(accuracyPage(outcomes))).toMatchFileSnapshot('../../../docs/accuracy-offload.md');
  });
});

describe('on random configurations', () => {
  /** Live bytes with and without offload; nothing where a combination is refused. */
  const compared = (offload: 'optimizer' | 'boundary', law: (plain: Step, offloaded: Step) => void) =>
    fc.assert(
      fc.asyncProperty(inputs('pytorch'), async ({ model, flags }) => {
        const input = (more: object) => ({ model, flags: { ...flags, mode: 'train', vram: undefined, ...more } });
        const [plain, offloaded] = await Promise.all(
          [{ offload: 'none' }, { offload }].map((more) => step(input(more))),
        );
        if (plain && offloaded) law(plain, offloaded);
      }),
      { numRuns: 40 },
    );

  it('state on the host never raises the peak by more than the step counters of a fused kernel', () =>
    compared('optimizer', (plain, offloaded) =>
      expect(offloaded.live.peak.liveBytes).toBeLessThanOrEqual(plain.live.peak.liveBytes + 4 * plain.numTensors),
    ));

  it('boundaries on the host never raise what is kept at the end of the forward pass, nor the peak by more than one batch', () =>
    compared('boundary', (plain, offloaded) => {
      expect(offloaded.live.forwardEndBytes).toBeLessThanOrEqual(plain.live.forwardEndBytes);
      // The batch never leaves the device, and a replay reads a copy of it.
      expect(offloaded.live.peak.liveBytes).toBeLessThanOrEqual(plain.live.peak.liveBytes + plain.batchBytes);
    }));
});

interface Step {
  readonly live: ReturnType<typeof liveness>;
  readonly batchBytes: number;
  readonly numTensors: number;
}

async function step(input: Parameters<typeof configured>[0]): Promise<Step | undefined> {
  const config = await configured(input);
  if (config === undefined) return undefined;
  const { program, trace, dimensions } = priceProgram(config, counts(config.model));
  const { shape } = program.values[program.data.gridInput!]!;
  return {
    live: liveness(trace, dimensions),
    numTensors: program.parameters.length,
    batchBytes: layoutBytes({ shape, elementBytes: 4, dtype: 'fp32' }, dimensions),
  };
}
