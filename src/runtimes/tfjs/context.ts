/** What the operations' rules read besides the values of a program. */
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Endpoints, ValueId } from '../../ir/types.js';
import { blockName, type EdgeBlock, endpointsName } from './edge-blocks.js';
import type { Ops } from './ops.js';

/** They live as long as the training, but for the forcings, which belong to the samples that are loaded. */
export interface ConstantArrays<T> {
  /** Node numbers by `endpointsName`, int32, `[edges · batch]`, of all edges or of a block. */
  readonly endpoints: ReadonlyMap<string, T>;
  /** By `blockName`, `[edges of the block · batch, 4]`. */
  readonly edgeFeatures: ReadonlyMap<string, T>;
  /** Cosine of the latitude over its mean, `[gridNodes · batch, 1]`. */
  readonly areaWeights: T;
  /** 1 where a column belongs to a head, `[hiddenDim, heads]`; absent where the program has no attention. */
  readonly headMatrix: T | undefined;
  /** Channels that are known in advance, `[gridNodes · batch, inputChannels − outputChannels]`; absent where no step reads them. */
  readonly forcings: T | undefined;
}

export interface Context<T> extends Pick<ConstantArrays<T>, 'areaWeights' | 'headMatrix'> {
  readonly ops: Ops<T>;
  readonly tape: Recipe['tape'];
  readonly offload: Recipe['offload'];
  readonly endpoints: (endpoints: Endpoints, block?: EdgeBlock) => T;
  readonly edgeFeatures: (block: EdgeBlock) => T;
  /** The names of a value's row and column counts. */
  readonly rowsOf: (value: ValueId) => string;
  readonly columnsOf: (value: ValueId) => string;
  /** A prediction as the next step's input: with the channels that are known in advance. */
  readonly nextInput: (prediction: T) => T;
}

export function contextOf<T>(
  ops: Ops<T>,
  { values }: ForwardProgram,
  { tape, offload }: Recipe,
  arrays: ConstantArrays<T>,
): Context<T> {
  const { endpoints, edgeFeatures, areaWeights, headMatrix } = arrays;
  return {
    ops,
    tape,
    offload,
    endpoints: (each, block) => endpoints.get(endpointsName(each, block))!,
    edgeFeatures: (block) => edgeFeatures.get(blockName(block))!,
    areaWeights,
    headMatrix,
    nextInput: (prediction) =>
      arrays.forcings === undefined ? prediction : ops.concat([prediction, arrays.forcings], 1),
    columnsOf: (value) => values[value]!.shape.at(-1)!.symbol,
    rowsOf: (value) => values[value]!.shape[0]!.symbol,
  };
}
