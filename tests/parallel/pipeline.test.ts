import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/types.js';
import { countParameters, type ForwardProgram } from '../../src/ir/forward-program.js';
import { formatShape, numElements } from '../../src/ir/shape.js';
import { peakLiveBytes } from '../../src/memory/liveness.js';
import { bufferBytes, type Trace } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { dimensionsOf } from '../../src/models/dimensions.js';
import { layersOfStage } from '../../src/models/graphcast/stage.js';
import { forwardProgram } from '../../src/models/index.js';
import { resolveConfig } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { runtimes } from '../../src/parallel/index.js';
import { programOfRank } from '../../src/parallel/ranks.js';
import { traceStage } from '../../src/runtimes/pytorch/pipeline.js';
import { numInFlight } from '../../src/runtimes/pytorch/pipeline-schedule.js';
import { estimate } from '../../src/services/estimate.js';

const small = { runtime: 'pytorch', grid: '31x60', 'mesh-level': '3', 'hidden-dim': '16', parallel: 'pipeline' };
const runtime = runtimes.pytorch;

const configOf = ({ model = 'physicsnemo-swe', ...flags }: Flags): Promise<Config> =>
  resolveConfig({ model: `${model}`, flags: { ...small, ...flags } });

const ranksOf = ({ recipe }: Config) => Array.from({ length: recipe.gpus }, (_, rank) => rank);
const wholeOf = ({ model, recipe }: Config) => forwardProgram(model, recipe, segmentation({ model, recipe }));
const segmentation = (config: Pick<Config, 'model' | 'recipe'>) => runtime.segment(config as Config);
const stageOf = (config: Config, rank: number): ForwardProgram =>
  programOfRank(config, wholeOf(config), segmentation(config), rank);
const sizesOf = (config: Config) => dimensionsOf(config, counts(config.model));
const peakOf = (config: Config, trace: Trace) => peakLiveBytes(trace, bufferBytes(trace, sizesOf(config)));
const peaksOf = (config: Config): readonly number[] =>
  ranksOf(config).map((rank) => peakOf(config, runtime.stepOfRank(config, sizesOf(config), rank).trace));

const recipes = fc.record({
  model: fc.constantFrom('physicsnemo-swe', 'graphcast-small'),
  gpus: fc.constantFrom('2', '3', '4', '5'),
  layers: fc.constantFrom('3', '4', '7'),
  accumulate: fc.constantFrom('1', '2', '5', '9'),
  'pipeline-schedule': fc.constantFrom('1f1b', 'gpipe'),
  precision: fc.constantFrom('fp32', 'bf16', 'bf16-full'),
  checkpoint: fc.constantFrom('none', 'encoder+decoder', 'processor:every=1', 'model', 'encoder+processor:every=2'),
  optimizer: fc.constantFrom('adamw', 'adamw-fused', 'sgd'),
});
const each = (law: (config: Config, flags: Flags) => Promise<void> | void, numRuns = 12) =>
  fc.assert(
    fc.asyncProperty(recipes, async (flags) => law(await configOf(flags), flags)),
    { numRuns },
  );

describe('the stages of a pipeline', () => {
  it('together hold every parameter of the model once', () =>
    each((config) => {
      const dimensions = sizesOf(config);
      const whole = countParameters(wholeOf(config), dimensions).byNetwork;
      const stages = ranksOf(config).flatMap((rank) => countParameters(stageOf(config, rank), dimensions).byNetwork);
      const sorted = (rows: typeof whole) => rows.toSorted((a, b) => (a.network < b.network ? -1 : 1));
      expect(sorted(stages)).toEqual(sorted(whole));
    }));

  it('receive exactly what others send, and every byte of it twice in training: activations, then their gradients', () =>
    each(async (config, flags) => {
      const stages = ranksOf(config).map((rank) => stageOf(config, rank));
      const shapes = (of: 'received' | 'sent') =>
        stages.flatMap(({ stage, values }) => stage![of].map((value) => formatShape(values[value]!.shape))).sort();
      expect(shapes('received')).toEqual(shapes('sent'));
      const elementsSent = stages
        .flatMap(({ stage, values }) => stage!.sent.map((value) => numElements(values[value]!.shape, sizesOf(config))))
        .reduce((sum, elements) => sum + elements, 0);
      const { model, ...rest } = flags;
      const { ranks = [] } = await estimate({ model: `${model}`, flags: { ...small, ...rest } });
      const rowBytes = config.recipe.precision === 'bf16-full' ? 2 : 4;
      expect(ranks.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)).toBe(
        2 * config.recipe.accumulate * elementsSent * rowBytes,
      );
    }, 6));

  it('have the layers in contiguous ranges whose lengths differ by one at most', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 40 }), (numLayers, numStages) => {
        const ranges = Array.from({ length: numStages }, (_, stage) => layersOfStage(numLayers, stage, numStages));
        expect(ranges[0]![0]).toBe(0);
        expect(ranges.at(-1)![1]).toBe(numLayers);
        for (const [i, [first]] of ranges.entries()) if (i > 0) expect(first).toBe(ranges[i - 1]![1]);
        const lengths = (numStages === 2 ? ranges : ranges.slice(1, -1)).map(([first, end]) => end - first);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      }),
    ));

  it('are traced for as few micro-batches as make the peak: tracing all of them gives the same', () =>
    each((config) => {
      for (const rank of ranksOf(config)) {
        const program = stageOf(config, rank);
        const sizes = { numElementsOf: () => 0, offloaded: false };
        const all = traceStage(program, program.stage!, config.recipe, sizes, Number.POSITIVE_INFINITY);
        const few = traceStage(program, program.stage!, config.recipe, sizes);
        expect(peakOf(config, few)).toBe(peakOf(config, all));
      }
    }));

  it('leave nothing behind: what is alive after a second step is what was alive after the first', () =>
    each((config) => {
      for (const rank of ranksOf(config)) {
        const { trace } = runtime.stepOfRank(config, sizesOf(config), rank);
        const bytes = bufferBytes(trace, sizesOf(config));
        const aliveAt = (end: number) =>
          trace.events.subarray(0, end).reduce((sum, event) => sum + Math.sign(event) * bytes[Math.abs(event) - 1]!, 0);
        const secondSetup = trace.marks.findLast(({ phase }) => phase === 'setup')!.firstEvent;
        expect(aliveAt(trace.events.length)).toBe(aliveAt(secondSetup));
      }
    }));
});

describe('schedules', () => {
  it('1F1B never needs more than GPipe on any rank, and the same with one micro-batch', () =>
    each(async (_, flags) => {
      const gpipe = await configOf({ ...flags, 'pipeline-schedule': 'gpipe' });
      const alternating = peaksOf(await configOf({ ...flags, 'pipeline-schedule': '1f1b' }));
      for (const [rank, peak] of peaksOf(gpipe).entries()) {
        if (gpipe.recipe.accumulate === 1) expect(alternating[rank]).toBe(peak);
        else expect(alternating[rank]).toBeLessThanOrEqual(peak);
      }
    }));

  it('one more micro-batch never needs less on any rank: its receive buffers come on top', () =>
    each(async (config, flags) => {
      const more = peaksOf(await configOf({ ...flags, accumulate: `${config.recipe.accumulate + 1}` }));
      for (const [rank, peak] of peaksOf(config).entries()) expect(more[rank]).toBeGreaterThanOrEqual(peak);
    }));

  it('twice the cards raise the peak of the worst rank only where more micro-batches are in flight on it, or more is received', () =>
    each(async (_, flags) => {
      const worstOn = async (gpus: number) => {
        const config = await configOf({ ...flags, layers: '8', gpus: `${gpus}` });
        const peaks = peaksOf(config);
        const peak = Math.max(...peaks);
        const rank = peaks.indexOf(peak);
        const { received, sent } = stageOf(config, rank).stage!;
        return { peak, inFlight: numInFlight(config.recipe, rank), numBuffers: received.length + sent.length };
      };
      const numStages = Number(flags.gpus);
      const [few, many] = [await worstOn(numStages), await worstOn(2 * numStages)];
      if (many.peak <= few.peak) return;
      expect(many.inFlight > few.inFlight || many.numBuffers > few.numBuffers).toBe(true);
    }));

  it('1F1B on more cards can need more: the first range of layers, half as long, waits with more micro-batches', async () => {
    const flags = { layers: '4', accumulate: '16', checkpoint: 'processor:every=1' };
    const [few, many] = [await configOf({ ...flags, gpus: '3' }), await configOf({ ...flags, gpus: '6' })];
    expect(Math.max(...peaksOf(many))).toBeGreaterThan(Math.max(...peaksOf(few)));
  });
});

describe('against one card', () => {
  it('the cards together need at least what one card needs for the same micro-batch', () =>
    each(async (_, { model, ...flags }) => {
      const pipeline = await configOf({ model, ...flags, accumulate: '1', checkpoint: 'none' });
      const alone = await configOf({ model, ...flags, accumulate: '1', checkpoint: 'none', gpus: '1' });
      const together = peaksOf(pipeline).reduce((sum, peak) => sum + peak, 0);
      const { trace } = runtime.stepOfRank(alone, sizesOf(alone), 0);
      expect(together).toBeGreaterThanOrEqual(peakOf(alone, trace));
    }));

  it('the report counts the whole model’s parameters, prices its worst rank and states the bubble', async () => {
    const flags = { ...small, layers: '4', gpus: '4', accumulate: '8' };
    const report = await estimate({ model: 'physicsnemo-swe', flags });
    const alone = await estimate({ model: 'physicsnemo-swe', flags: { ...small, layers: '4', parallel: undefined } });
    expect(report.parameters).toEqual(alone.parameters);
    expect(report.memory.peakLiveBytes).toBe(Math.max(...report.ranks!.map(({ peakLiveBytes: peak }) => peak)));
    expect(report.assumptions.join(' ')).toContain('3/11 = 27 %');
    expect(report.ranks!.map(({ gridNodes }) => gridNodes > 0)).toEqual([true, false, false, true]);
  });

  it('inference needs less than training on every rank', async () => {
    const [inference, training] = [await configOf({ gpus: '3', mode: 'inference' }), await configOf({ gpus: '3' })];
    for (const [rank, peak] of peaksOf(inference).entries()) expect(peak).toBeLessThan(peaksOf(training)[rank]!);
  });
});

describe('what no pipeline is priced for is refused with a way out', () => {
  it.each([
    [{ gpus: '8', layers: '4' }, /too few.*/, '--gpus 6'],
    [{ gpus: '4', rollout: '2' }, /go back to the first card/, '--rollout 1'],
    [{ gpus: '4', checkpoint: 'processor:segments=2' }, /cross the cards/, '--checkpoint processor:every=1'],
    [{ gpus: '4', processor: 'attention' }, /no gradient back from more than one/, '--gpus 3'],
    [{ gpus: '4', accumulate: '5000' }, /at most 256/, '--accumulate 256'],
    [{ gpus: '4', model: 'neural-lam' }, /not cut that way/, '--parallel zero3'],
  ])('%j', async (flags, message, nextStep) => {
    const refusal = configOf({ layers: '4', ...flags } as Flags);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toMatchObject({ nextSteps: expect.arrayContaining([nextStep]) });
  });

  it.each([{ processor: 'attention', heads: '4' }, { processor: 'gated' }, { processor: 'gated-edges' }])(
    'three cards run %j layers: one of them holds them all',
    async (flags) => {
      const config = await configOf({ model: 'graphcast-small', gpus: '3', layers: '4', 'hidden-dim': '32', ...flags });
      expect(peaksOf(config).every((peak) => peak > 0)).toBe(true);
    },
  );
});
