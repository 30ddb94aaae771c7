/** What every part of the model reads, and the few operations that several of them share. */
import type { ProgramBuilder } from '../../ir/builder.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { axis, constant, type Shape } from '../../ir/shape.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';
import type { MlpCall } from '../layers/mlp.js';
import type { Networks } from './networks.js';

export interface Context {
  readonly builder: ProgramBuilder;
  readonly networks: Networks;
  readonly features: Readonly<Record<EdgeSet, ValueId>>;
  readonly gridNodes: ValueId;
  readonly segmentation: Segmentation;
  /** Every embedder and every block is a checkpoint of its own (`use_checkpointing`). */
  readonly fine: boolean;
}

/** The edges of one sample, which all samples share. */
export const once = (edges: EdgeSet): string => `${edges}EdgesOnce`;

/** einops.repeat: rows of one sample for each of them. */
export function forEverySample(builder: ProgramBuilder, input: ValueId, edges: EdgeSet): ValueId {
  const columns = builder.values[input]!.shape[2]!;
  const shape = builder.rows(`${edges}Edges`, columns.symbol, columns.factor);
  return builder.emit(shape, `${edges} edges of every sample`, { kind: 'expand', input, copies: true });
}

export const relu = (of: MlpCall['of'], recomputed = false): MlpCall => ({
  of,
  activation: 'relu',
  recomputeActivation: false,
  recomputed,
});

/** Some of the rows, without a copy; the rest gets zeros in the backward pass. */
export const split = (builder: ProgramBuilder, input: ValueId, rows: string, rest: string): ValueId => {
  const columns = builder.values[input]!.shape[2]!;
  const shape = builder.rows(rows, columns.symbol, columns.factor);
  return builder.emit(shape, `rows of ${rows}`, { kind: 'slice', input, rest });
};

/** Node numbers of the edges, `[2, edges]` of the batch, made anew in every step: shifted per sample twice over, then joined. */
export function edgeIndex(builder: ProgramBuilder, set: EdgeSet): ValueId {
  const [result] = builder.call({ name: `${set} edge index` }, {}, () => {
    const integers = (shape: Shape, name: string, inputs: readonly ValueId[]) =>
      builder.emit(shape, name, { kind: 'integers', inputs });
    const shape = [constant(2), axis(`${set}Edges`), axis('batch')];
    const largest = integers(builder.scalar(), 'largest node', []);
    const offset = integers(builder.scalar(), 'offset', [largest]);
    const once = integers(shape, 'shifted once', [offset]);
    return [integers(shape, 'edge index of the batch', [integers(shape, 'shifted twice', [once])])];
  });
  return result!;
}
