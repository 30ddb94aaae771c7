/** Compiled inference: what others compiled, and what was compiled for this project, by what it is good for. */
import { gemmKind, gemmOf } from '../../../src/runtimes/xla/gemm.js';
import { mayNormaliseInConcat } from '../../../src/runtimes/xla/inference.js';
import { type PricedRecord, priceRecord } from './price.js';
import { configOf, type JaxRecord, readRecords } from './records.js';

/** Where XLA's roundings decide between two forms of the concatenation. */
const isEither = ({ record }: PricedRecord) => mayNormaliseInConcat(gemmOf(configOf(record)), record.latent_size);
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
  /** Long rollouts, drawn after the rule of `memory-order.ts`. */
  readonly inferenceDrawnRollouts: readonly PricedRecord[];
  /** Of two to four layers, drawn after what two products read (`written-sums.ts`). */
  readonly inferenceDrawnFewLayers: readonly PricedRecord[];
  /** Drawn after the arena was laid out as XLA's (`arena.ts`). */
  readonly inferenceDrawnArena: readonly PricedRecord[];
  /** Cards without bf16, on which the rules for them were read off. */
  readonly inferenceOlderCards: readonly PricedRecord[];
  readonly inferenceOlderCardsDrawn: readonly PricedRecord[];
  readonly inferenceEither: readonly PricedRecord[];
  /** Drawn after the rule of `norm-or-gather.ts`. */
  readonly inferenceEitherDrawn: readonly PricedRecord[];
}

export function inferenceGroups(): InferenceGroups {
  const given = readRecords('tests/data/xla-inference.jsonl').map((record) => priceRecord(record));
  const compiled = readRecords('tests/data/xla-inference-compiled.jsonl').map((record) => priceRecord(record));
  const either = compiled.filter((each) => isCublas(each) && isEither(each) && each.record.group !== 'drawn-rollouts');
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
    inferenceDrawnRollouts: compiled.filter(({ record }) => record.group === 'drawn-rollouts'),
    inferenceDrawnFewLayers: compiled.filter(({ record }) => record.group === 'drawn-few-layers'),
    inferenceDrawnArena: scored('drawn-arena'),
    inferenceOlderCards: scored('generation'),
    inferenceOlderCardsDrawn: scored('generation-drawn'),
    inferenceEither: either.filter(({ record }) => record.group !== 'drawn-powers'),
    inferenceEitherDrawn: either.filter(({ record }) => record.group === 'drawn-powers'),
  };
}
