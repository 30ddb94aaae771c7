/**
 * What grows a checkpoint: which axis of each stored array counts units of the network, and what becomes of the array. A code base's
 * room says the first (`CheckpointLayout`), `plan.ts` derives the second, and both are data: a Python of the user's or `apply.ts` carries
 * the plan out.
 */

/**
 * What an axis of an array counts.
 * - `fixed`: channels, features, rows: what the data has
 * - `stream`: the units that layers hand on; a LayerNorm follows where they are made
 * - `bare`: the same where no LayerNorm follows (pre-norm networks), and the LayerNorms over them
 * - `hidden`: units inside an MLP
 * - `heads`: units of attention, head by head; `head`: those of one head
 */
export type Units = 'fixed' | 'stream' | 'bare' | 'hidden' | 'heads' | 'head';

/** A weight `reads` along one axis and makes along the other; biases and norms have the axis that is made. */
export interface AxisRole {
  readonly units: Units;
  readonly reads?: true;
}

export interface ArrayRole {
  readonly axes: readonly AxisRole[];
  readonly part: 'weight' | 'bias' | 'scale' | 'offset' | 'table';
  /** 0 in a new layer, which then adds nothing to what it is handed. */
  readonly closesLayer?: true;
  /** Scales the products of attention, whose units grow in number. */
  readonly query?: true;
}

export interface StoredArray {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface CheckpointLayout {
  readonly label: string;
  /** The end of an array's name that every checkpoint of this kind has, which reads the stream; what stands before it is a prefix of all. */
  readonly anchor: RegExp;
  /** Role of each array by name; one that is missing is not known here. */
  readonly roles: (arrays: readonly StoredArray[]) => ReadonlyMap<string, ArrayRole>;
  /** The processor's equal layers: group `block` is the index in the name. */
  readonly layer: { readonly pattern: RegExp; readonly blocks: number; readonly outside: number };
  /** Settings inside the file that say how large the model is, by array name. */
  readonly settings?: { readonly hiddenDim: string; readonly layers: string };
  /** Attention heads where the shapes do not say; absent: the network has none. */
  readonly heads?: number;
}

/** Stretches one axis, which is `segments` equal runs of units. */
export type Stretch =
  | {
      readonly kind: 'tile';
      readonly axis: number;
      readonly segments: number;
      readonly copies: number;
      readonly shared: boolean;
    }
  | {
      readonly kind: 'pad';
      readonly axis: number;
      readonly segments: number;
      readonly width: number;
      readonly fill: Fill;
    };

export type Fill = 'zeros' | 'ones' | 'fresh';

export interface GrownArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** `copied`: as it was; `tiled`: units doubled, tripled …; `padded`: units added that give 0; `new`: of a new layer; `set`: a size. */
  readonly how: 'copied' | 'tiled' | 'padded' | 'new' | 'set';
  readonly from?: StoredArray;
  /** Subtracts the mean along this axis first: a LayerNorm follows, which does so too. */
  readonly centre?: number;
  readonly scale?: number;
  /** In this order. */
  readonly stretches: readonly Stretch[];
  readonly fill?: Fill;
  readonly value?: number;
  /** Width of what a fresh weight reads: uniform with variance 1/fanIn. */
  readonly fanIn: number;
}

export interface Size {
  readonly hiddenDim: number;
  readonly layers: number;
}

export interface GrowthPlan {
  readonly label: string;
  readonly from: Size;
  readonly to: Size;
  readonly arrays: readonly GrownArray[];
}
