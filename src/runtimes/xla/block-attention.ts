/**
 * Attention in dense blocks as XLA:GPU compiles it with cuBLAS products (sparse_transformer.py of google-deepmind/graphcast 08cf736): every
 * block looks at itself, the next and the previous one, so that there are three of everything but the query; `mha` has one. Read off the
 * buffer assignment of compiled steps (jaxlib 0.10.2); the kernels are named by what they write.
 *
 * Small products that share an operand become one (openxla/xla, dot_merger.cc, `xla_gpu_dot_merger_threshold_mb`, 64): then the keys are joined
 * and the logits of all looks are one array.
 */

import type { OperationOf } from '../../ir/operations.js';
import { numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { MiB } from '../../units.js';
import {
  joinedLogitsShape,
  joinedRows,
  logitsShape,
  maskShape,
  paddedWeightsShape,
  perRow,
  plainRows,
  weightsShape,
} from './attention-arrays.js';
import { AttentionProducts, looksOf } from './attention-products.js';
import type { Gradients } from './gradients.js';
import type { BufferId } from './kernel.js';
import { buffersOf, type Environment, inBuffer, type Representation } from './values.js';

const f32 = 4;
const pred = 1;
const mergedUpTo = 64 * MiB;
/** All layers of compiled steps of two and four, and five of sixteen: more would be the peak of that step, and fewer leave its gaps unexplained. */
const layersTogether = 5;

/** What the forward pass of one layer leaves for the backward pass. */
interface Kept {
  readonly query: BufferId;
  readonly keys: readonly BufferId[];
  readonly values: readonly BufferId[];
  readonly logits: readonly BufferId[];
  /** Weights of the values, where they are kept and not computed again from the logits. */
  readonly weights: readonly BufferId[];
  readonly statistics: BufferId;
}

export class BlockAttention extends AttentionProducts {
  private readonly kept = new Map<Environment, Map<ValueId, Kept>>();
  private readonly made = new Map<Environment, Map<ValueId, readonly BufferId[]>>();
  private readonly masksOf = new Map<Environment, readonly BufferId[]>();

  /** Logits of all looks are one product. */
  private isMerged(attention: OperationOf<'blockAttention'>): boolean {
    if (attention.variant === 'mha') return false;
    const elements = numElements(weightsShape, this.sizes) + 2 * numElements(plainRows, this.sizes);
    return elements * this.elementBytes <= mergedUpTo;
  }

  /** Query, key and value are one product. */
  projectionsAreMerged(): boolean {
    const { hiddenDim } = this.sizes;
    return (2 * numElements(plainRows, this.sizes) + hiddenDim! ** 2) * this.elementBytes <= mergedUpTo;
  }

  /** The forward pass of a training step. */
  train(attention: OperationOf<'blockAttention'>, environment: Environment): void {
    const looks = looksOf(attention);
    const [query, key, value] = this.projections(attention, environment);
    const masks = this.masks(looks, environment);
    const statistics = this.array(perRow, f32);
    const q = this.copy('query', query);
    const values = this.copies('value', looks, value);
    // One layout for the product of the forward pass, and one for the backward pass.
    const keys = this.copies('key', looks, key);
    const logits = this.logits(attention, q, looks, key);
    const { kept, weights, plain } = this.softmax(attention, logits, masks, statistics);
    this.finish(attention, plain, values, environment, plain === weights && this.hasSamples);
    this.keep(attention, environment, { query: q, keys, values, logits: kept, weights, statistics });
  }

  /** One product for all looks, or one each. */
  private logits(
    attention: OperationOf<'blockAttention'>,
    q: BufferId,
    looks: number,
    key: readonly BufferId[],
  ): readonly BufferId[] {
    const { schedule } = this.lowering;
    if (this.isMerged(attention)) {
      const joined = this.array(joinedRows);
      schedule.run('keys of all looks', key, [joined]);
      return [this.product('logits', [q, joined], joinedLogitsShape)];
    }
    return this.copies('transposed key', looks, key).map((each) => this.product('logits', [q, each], logitsShape));
  }

  /**
   * What is kept for the backward pass, and the weights for the products with the values.
   * `mha`: jax.nn.softmax is differentiated through its f32 result. In blocks: the logits, from which the backward pass computes exp again;
   * but f32 logits of one product are read in other layouts, so that exp is kept, and those of several samples, where the weights are.
   */
  private softmax(
    attention: OperationOf<'blockAttention'>,
    logits: readonly BufferId[],
    masks: readonly BufferId[],
    statistics: BufferId,
  ): {
    readonly kept: readonly BufferId[];
    readonly weights: readonly BufferId[];
    readonly plain: readonly BufferId[];
  } {
    const { schedule } = this.lowering;
    const looks = looksOf(attention);
    const isF32 = this.elementBytes === f32;
    if (attention.variant === 'mha') {
      const result = this.arrays(looks, weightsShape, f32);
      schedule.run('softmax', [...logits, ...masks], [...result, statistics]);
      if (isF32) return { kept: logits, weights: result, plain: result };
      const operands = this.arrays(looks, logitsShape);
      schedule.run('rounded and padded weights', result, operands);
      return { kept: result, weights: operands, plain: operands };
    }
    const isMerged = this.isMerged(attention);
    let kept = logits;
    if (isMerged && isF32) {
      kept = this.arrays(looks, weightsShape);
      schedule.run('exp of the logits', [...logits, ...masks], [...kept, statistics]);
    }
    const keepsWeights = !isMerged && this.hasSamples;
    const plain = this.arrays(looks, keepsWeights && this.isPadded ? paddedWeightsShape : weightsShape);
    schedule.run('softmax', [...kept, ...masks], [...plain, statistics]);
    if (!isMerged) return { kept, weights: keepsWeights ? plain : [], plain };
    const joined = this.array(joinedLogitsShape);
    schedule.run('weights of all looks', plain, [joined]);
    return { kept, weights: [joined], plain };
  }

  /** `again`: of a layer that has been recomputed. */
  backward(
    attention: OperationOf<'blockAttention'>,
    gradient: Representation,
    gradients: Gradients,
    environment: Environment,
    again: boolean,
  ): void {
    const { schedule } = this.lowering;
    const kept = this.kept.get(environment)!.get(attention.output)!;
    const looks = looksOf(attention);
    const [forWeights, forValue] = this.copies('gradient of the rows', 2, buffersOf(gradient));
    // Added up at once: what cuts the padding off reads all of them.
    const addValue = (weights: readonly BufferId[]) => {
      const products = this.products('gradient of the value', weights, [forValue!]);
      gradients.add(attention.value, inBuffer(gradients.materialise(attention.value, products, environment)));
    };
    const known =
      this.made.get(environment)?.get(attention.output) ?? (kept.weights.length > 0 ? kept.weights : undefined);
    if (known !== undefined) addValue(known);
    const isMerged = this.isMerged(attention);
    const ofWeights = isMerged
      ? [this.product('gradient of the weights', [forWeights!, ...kept.values], joinedLogitsShape)]
      : kept.values.map((value) => this.product('gradient of the weights', [forWeights!, value], logitsShape));
    const read = [...kept.logits, ...this.masks(looks, environment), kept.statistics, ...ofWeights];
    const ofLogits = this.arrays(looks, weightsShape);
    const addQuery = (operands: readonly BufferId[], pads: boolean) =>
      gradients.add(attention.query, this.products('gradient of the query', operands, kept.keys, pads));
    const addKey = (operands: readonly BufferId[], pads: boolean) =>
      gradients.add(attention.key, this.products('gradient of the key', operands, [kept.query], pads));
    if (isMerged) {
      schedule.run('gradient of the logits', read, ofLogits);
      const transposed = this.array(joinedLogitsShape);
      schedule.run('transposed gradient of all logits', ofLogits, [transposed]);
      addQuery(ofLogits, this.isPadded);
      addKey([transposed], false);
      return;
    }
    if (this.hasSamples && attention.variant !== 'mha') {
      const operands = this.isPadded ? this.arrays(looks, logitsShape) : ofLogits;
      schedule.run('gradient of the logits', read, operands);
      addQuery(operands, false);
      addKey(operands, false);
      return;
    }
    if (this.padsAtOnce(again) && known === undefined) {
      schedule.run('gradient of the logits', read, ofLogits);
      const [forQuery, weights] = [this.arrays(looks, logitsShape), this.arrays(looks, logitsShape)];
      schedule.run('operands of the backward products', [...read, ...ofLogits], [...forQuery, ...weights]);
      addQuery(forQuery, false);
      addValue(weights);
      addKey(ofLogits, true);
      return;
    }
    const transposed = this.arrays(looks, weightsShape);
    const weights = this.isPadded || known !== undefined ? [] : this.arrays(looks, weightsShape);
    schedule.run('gradient of the logits', read, [...ofLogits, ...transposed, ...weights]);
    addQuery(transposed, this.isPadded);
    addKey(ofLogits, this.isPadded);
    if (known === undefined) addValue(this.isPadded ? this.weightsAgain(attention, environment) : weights);
  }

  /**
   * A recomputed layer writes the padded copies that its products read all at once, in two kernels that both read the logits; where an array of
   * them takes 2 GiB and more, as every other layer one after the other.
   */
  private padsAtOnce(again: boolean): boolean {
    return this.isPadded && again && numElements(logitsShape, this.sizes) * this.elementBytes < 2 ** 31;
  }

  /** Of this layer, and in the same kernel of those whose backward pass comes next: they read the same masks (multi_output_fusion.cc). */
  private weightsAgain(
    { output, variant }: OperationOf<'blockAttention'>,
    environment: Environment,
  ): readonly BufferId[] {
    const made = this.made.get(environment) ?? new Map<ValueId, readonly BufferId[]>();
    this.made.set(environment, made);
    if (!made.has(output)) {
      const layers = [...this.kept.get(environment)!].filter(([id]) => id <= output && !made.has(id));
      const together = layers.sort(([a], [b]) => b - a).slice(0, layersTogether);
      const looks = looksOf({ variant });
      for (const [id] of together) made.set(id, this.arrays(looks, logitsShape));
      const read = together.flatMap(([, { logits, statistics }]) => [...logits, statistics]);
      this.lowering.schedule.run(
        'weights again',
        [...read, ...this.masks(looks, environment)],
        together.flatMap(([id]) => made.get(id)!),
      );
    }
    return made.get(output)!;
  }

  /** Nothing is kept. */
  predict(attention: OperationOf<'blockAttention'>, environment: Environment): void {
    const looks = looksOf(attention);
    const [query, key, value] = this.projections(attention, environment);
    const { schedule } = this.lowering;
    const masks = this.masks(looks, environment);
    const statistics = this.array(perRow, f32);
    const q = this.copy('query', query);
    // One kernel cuts the shifted blocks of keys and values for padded products; f32 products take the values as they come.
    const numEarly = this.isPadded ? looks - 1 : 0;
    const early = this.copies('values of the other blocks', numEarly, value);
    const logits = this.logits(attention, q, looks, key);
    schedule.run('largest logits and sums', [...logits, ...masks], [statistics]);
    const plain = this.arrays(looks, weightsShape);
    // Query, key and value of one product are one array, which the values are cut from.
    const projected = this.projectionsAreMerged() ? [...query, ...key] : [];
    schedule.run('softmax', [...logits, ...masks, statistics], plain);
    const values = this.copies('value', looks - numEarly, [...value, ...projected]);
    this.finish(attention, plain, [...values, ...early], environment);
  }

  private projections({ query, key, value }: OperationOf<'blockAttention'>, environment: Environment) {
    return [query, key, value].map((id) => buffersOf(environment.value(id))) as [BufferId[], BufferId[], BufferId[]];
  }

  /**
   * int32 blocks compared once, for all layers that share an environment: a recomputed layer compares again. The mask of `mha` is the adjacency
   * matrix itself, booleans (transformer.py, `_get_adj_matrix_for_edge_set`), which jnp.where reads where they lie.
   */
  private masks(looks: number, environment: Environment): readonly BufferId[] {
    if (looks === 1) return [];
    let masks = this.masksOf.get(environment);
    if (masks === undefined) {
      masks = this.arrays(looks, maskShape, pred);
      this.lowering.schedule.run('attention mask', [], masks);
      this.masksOf.set(environment, masks);
    }
    return masks;
  }

  private keep({ output }: OperationOf<'blockAttention'>, environment: Environment, kept: Kept): void {
    const known = this.kept.get(environment) ?? new Map<ValueId, Kept>();
    known.set(output, kept);
    this.kept.set(environment, known);
  }
}
