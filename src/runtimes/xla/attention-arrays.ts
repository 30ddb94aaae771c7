/** The arrays of attention in dense blocks: rows and columns of a block, plain and rounded up to what products of their type want. */
import { axis, type Dimensions, type Shape } from '../../ir/shape.js';

const samples = axis('batch');
const heads = axis('heads');
const columns = axis('hiddenDim');
/** As operands of products: rows and columns of a block rounded up to what the type wants. */
export const rowsOfOperands: Shape = [samples, axis('attention.rows'), columns];
export const logitsShape: Shape = [samples, heads, axis('attention.rows'), axis('attention.columns')];
export const joinedLogitsShape: Shape = [samples, heads, axis('attention.rows'), axis('attention.joinedColumns')];
export const joinedRows: Shape = [samples, axis('attention.joinedRows'), columns];
export const weightsShape: Shape = [samples, heads, axis('attentionRows'), axis('attentionBlock')];
export const paddedWeightsShape: Shape = [samples, heads, axis('attention.rows'), axis('attention.weights')];
export const perRow: Shape = [samples, heads, axis('attentionRows')];
export const maskShape: Shape = [axis('attentionRows'), axis('attentionBlock')];
export const plainRows: Shape = [samples, axis('attentionRows'), columns];

/** Of a report's array: logits, or the softmax of them. */
export function attentionArrayOf(shape: Shape): 'logits' | 'weights' | undefined {
  const last = shape[3]?.symbol;
  if (last === 'attentionBlock' || last === 'attention.weights') return 'weights';
  return last === 'attention.columns' || last === 'attention.joinedColumns' ? 'logits' : undefined;
}

/** Values of the symbols above. */
export function attentionSizes(base: Dimensions, padding: number): Dimensions {
  const { attentionBlock: block, attentionBlocks: blocks } = base;
  if (block === undefined || blocks === undefined) return {};
  const pad = (value: number) => Math.ceil(value / padding) * padding;
  const looks = 3;
  return {
    'attention.rows': blocks * pad(block),
    'attention.columns': pad(block),
    'attention.weights': pad(block),
    'attention.joinedColumns': pad(looks * block),
    'attention.joinedRows': blocks * pad(looks * block),
  };
}
