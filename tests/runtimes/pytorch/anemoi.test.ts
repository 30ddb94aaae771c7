import { describe, expect, it } from 'vitest';
import type { Config, Counts } from '../../../src/config/types.js';
import { countParameters, type ForwardProgram } from '../../../src/ir/forward-program.js';
import { replayCaching } from '../../../src/memory/allocators/replay.js';
import { liveness } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { dimensionsOf } from '../../../src/models/dimensions.js';
import { forwardProgram } from '../../../src/models/index.js';
import { pytorchRuntime } from '../../../src/runtimes/pytorch/index.js';
import { reflowed } from '../../docs/prose.js';
import { errorPercent } from '../../statistics.js';
import { harnessProgram } from './anemoi-harness.js';
import { codeBasesPage, groupOf, type Outcome, transformerGroupOf } from './anemoi-page.js';
import { type CodeBaseRecord, configOf, countsOf, holdout, records } from './anemoi-records.js';
import type { TransformerRecord } from './anemoi-transformer-records.js';
import * as transformer from './anemoi-transformer-records.js';

interface Traced {
  readonly num_params: number;
  readonly peak_requested_bytes: number;
  readonly peak_reserved_bytes: number;
  readonly peak_reserved_expandable_bytes: number;
}

const wholeProgram = (config: Config): ForwardProgram =>
  forwardProgram(config.model, config.recipe, pytorchRuntime.segment(config));

function predict(record: CodeBaseRecord): Outcome {
  const config = configOf(record);
  const program = record.part === 'processor' ? harnessProgram(record, config) : wholeProgram(config);
  return outcomeOf(groupOf(record), record, config, program, countsOf(record));
}

function predictTransformer(record: TransformerRecord): Outcome {
  const config = transformer.configOf(record);
  return outcomeOf(transformerGroupOf(record), record, config, wholeProgram(config), transformer.countsOf(record));
}

function outcomeOf(group: string, record: Traced, config: Config, program: ForwardProgram, counts: Counts): Outcome {
  const dimensions = pytorchRuntime.dimensions(dimensionsOf(config, counts), config);
  const trace = pytorchRuntime.trace(program, config);
  const bytes = bufferBytes(trace, dimensions);
  const reserved = (expandable: boolean) => {
    const replay = replayCaching(trace.events, bytes, { expandable });
    if (replay.kind !== 'ran') throw new Error('ran out of unlimited memory');
    return replay.peakReservedBytes;
  };
  return {
    group,
    tracedParameters: record.num_params,
    numParameters: countParameters(program, dimensions).count,
    live: errorPercent(liveness(trace, dimensions, bytes).peak.liveBytes, record.peak_requested_bytes),
    native: errorPercent(reserved(false), record.peak_reserved_bytes),
    expandable: errorPercent(reserved(true), record.peak_reserved_expandable_bytes),
  };
}

const outcomes = records.map(predict);
const unseen = holdout.map(predict);
const drawnTransformers = transformer.holdout.map(predictTransformer);
const ofTransformer = transformer.records.filter(({ world }) => world === undefined).map(predictTransformer);
const largest = (of: readonly Outcome[], key: 'live' | 'native' | 'expandable') =>
  Math.max(...of.map((outcome) => Math.abs(outcome[key])));

describe('the other code bases in PyTorch', () => {
  it('counts the parameters of every record to the unit', () => {
    for (const { numParameters, tracedParameters } of [...outcomes, ...unseen, ...ofTransformer, ...drawnTransformers])
      expect(numParameters).toBe(tracedParameters);
  });

  it('predicts the peak of live bytes of every record within 0.004 %', () => {
    expect(outcomes.length).toBe(438);
    expect(largest(outcomes, 'live')).toBeLessThan(0.004);
  });

  it('predicts the peak of live bytes of configurations drawn at random within 0.0001 %', () => {
    expect(unseen.length).toBe(62);
    expect(largest(unseen, 'live')).toBeLessThan(0.0001);
  });

  it("predicts the peak of live bytes of anemoi's transformers and forecasts within 0.005 %", () => {
    expect(ofTransformer.length).toBe(48);
    expect(largest(ofTransformer, 'live')).toBeLessThan(0.005);
  });

  it('predicts the peak of live bytes of such networks drawn at random within 0.02 %', () => {
    expect(drawnTransformers.length).toBe(138);
    expect(largest(drawnTransformers, 'live')).toBeLessThan(0.02);
  });

  it('predicts what both allocators reserve within 4 % at worst, and within 0.5 % in nine of ten', () => {
    for (const key of ['native', 'expandable'] as const) {
      expect(largest([...outcomes, ...unseen, ...ofTransformer, ...drawnTransformers], key)).toBeLessThan(4);
      const within = outcomes.filter((outcome) => Math.abs(outcome[key]) < 0.5);
      expect(within.length).toBeGreaterThan(0.9 * outcomes.length);
    }
  });

  it('writes docs/code-bases.md as it is committed', async () => {
    const pages = [
      { seen: outcomes, unseen },
      { seen: ofTransformer, unseen: drawnTransformers },
    ] as const;
    await expect(reflowed(codeBasesPage(...pages))).toMatchFileSnapshot('../../../docs/code-bases.md');
  });
});
