/** Compiled steps that are trained otherwise: on several cards, with accumulated gradients, another optimizer, or a rollout that keeps all. */
import { type PricedRecord, priceRecord } from './price.js';
import { type JaxRecord, readRecords } from './records.js';

type Kind = NonNullable<JaxRecord['recipe']>;

const kindOf = (record: JaxRecord): Kind | 'plain' => {
  if ((record.devices ?? 1) > 1) return 'data';
  if ((record.accumulate ?? 1) > 1) return 'accumulate';
  if (record.optimizer !== 'adamw') return 'optimizer';
  return record.ar_steps > 1 && !record.gradient_checkpointing ? 'unchecked' : 'plain';
};

/** Those of another jaxlib are of docs/jax.md's table of versions. */
export const isOfVersion = (record: JaxRecord, version: string) =>
  (record.jaxlib ?? record.versions?.jaxlib) === version;

const given = readRecords('tests/data/xla-more.jsonl').filter((record) => isOfVersion(record, '0.10.2'));
const compiled = readRecords('tests/data/xla-recipes-compiled.jsonl');

export interface RecipeGroup {
  readonly given: readonly PricedRecord[];
  /** Compiled while the rules were written. */
  readonly rules: readonly PricedRecord[];
  /** Drawn, and compiled before the rules were last mended. */
  readonly seen: readonly PricedRecord[];
  /** Drawn, and compiled after them. */
  readonly drawn: readonly PricedRecord[];
}

function groupOf(kind: Kind | 'plain'): RecipeGroup {
  const own = compiled.filter((record) => record.recipe === kind);
  const priced = (records: readonly JaxRecord[]) => records.map((record) => priceRecord(record));
  return {
    given: priced(given.filter((record) => kindOf(record) === kind)),
    rules: priced(own.filter(({ group }) => group === 'rules')),
    seen: priced(own.filter(({ group }) => group === 'seen')),
    drawn: priced(own.filter(({ group }) => group === 'drawn')),
  };
}

export const recipeGroups = {
  data: groupOf('data'),
  recomputed: groupOf('recomputed'),
  accumulate: groupOf('accumulate'),
  optimizer: groupOf('optimizer'),
  unchecked: groupOf('unchecked'),
  plain: groupOf('plain'),
} as const;

export const allOf = ({ given, rules, seen, drawn }: RecipeGroup): readonly PricedRecord[] => [
  ...given,
  ...rules,
  ...seen,
  ...drawn,
];
export const isCublas = ({ record }: PricedRecord) => record.gemm_mode === 'cublas';
