/** Compiled inference: what others compiled, and what was compiled for this project, by what it is good for. */
import { gemmKind, gemmOf } from '../../../src/runtimes/xla/gemm.js';
import { normalisesInConcat } from '../../../src/runtimes/xla/inference.js';
import { type PricedRecord, priceRecord } from './price.js';
import { configOf, type JaxRecord, readRecords } from './records.js';

/** XLA's cost model finds two forms of the concatenation equally good: the number is that of one, and only the range is scored. */
const isEither = ({ record }: PricedRecord) => normalisesInConcat(gemmOf(configOf(record)), record.latent_size);
const isCublas = ({ record }: PricedRecord) => record.gemm_mode === 'cublas';

export interface InferenceGroups {
  readonly inference: readonly PricedRecord[];
  readonly inferenceTriton: readonly PricedRecord[];
  readonly inferenceRules: readonly PricedRecord[];
  readonly inferenceRollout: readonly PricedRecord[];
  readonly inferenceDrawn: readonly PricedRecord[];
  /** Drawn when results held what their kernels overwrite. */
  readonly inferenceDrawnAgain: readonly PricedRecord[];
  /** Drawn when additions counted too. */
  readonly inferenceDrawnLast: readonly PricedRecord[];
  /** Cards without bf16, on which the rules for them were read off. */
  readonly inferenceOlderCards: readonly PricedRecord[];
  readonly inferenceOlderCardsDrawn: readonly PricedRecord[];
  readonly inferenceEither: readonly PricedRecord[];
}

export function inferenceGroups(): InferenceGroups {
  const given = readRecords('tests/data/xla-inference.jsonl').map((record) => priceRecord(record));
  const compiled = readRecords('tests/data/xla-inference-compiled.jsonl').map((record) => priceRecord(record));
  const scored = (group: NonNullable<JaxRecord['group']>) =>
    compiled.filter((each) => each.record.group === group && isCublas(each) && !isEither(each));
  return {
    inference: given.filter(isCublas),
    inferenceTriton: [...given, ...compiled].filter(({ record }) => gemmKind(configOf(record)) === 'triton'),
    inferenceRules: scored('rules'),
    inferenceRollout: scored('rollout'),
    inferenceDrawn: scored('drawn'),
    inferenceDrawnAgain: scored('drawn-again'),
    inferenceDrawnLast: scored('drawn-last'),
    inferenceOlderCards: scored('generation'),
    inferenceOlderCardsDrawn: scored('generation-drawn'),
    inferenceEither: compiled.filter((each) => isCublas(each) && isEither(each)),
  };
}
