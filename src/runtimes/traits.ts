/**
 * What each runtime can be asked for, and how a user writes it: light enough to be read before anything is priced. How it keeps arrays is
 * `runtimes/index.ts`.
 */
import type { CheckpointPart } from '../config/checkpoint.js';
import type { ModelKey } from '../config/model-options.js';
import type { RecipeKey } from '../config/recipe-options.js';
import type { Device, Optimizer, Parallelism, Precision, Recipe, RuntimeName } from '../config/types.js';
import type { Lines } from '../models/code-base.js';
import { pytorchTraits } from './pytorch/traits.js';
import { tfjsTraits } from './tfjs/traits.js';
import { jaxTraits } from './xla/traits.js';

export interface RuntimeTraits {
  readonly label: string;
  /** Keys of the model and the recipe that not every runtime has. */
  readonly options: readonly (RecipeKey | ModelKey)[];
  /** Where a running step says what it took at most; absent: its framework counts arrays twice. */
  readonly peakReading?: string;
  /** What it holds beside the arrays of a step and its context, in a word or two; absent: what its allocator leaves over. */
  readonly besideArrays?: (recipe: Partial<Pick<Recipe, 'jaxAllocator'>>) => string;
  /** Of the options that all runtimes have. The first is what a profile's value becomes where the runtime lacks it. */
  readonly precision: readonly Precision[];
  /** bf16 on a card that has none: beside or in the place of its name in a title, in a word, and as a sentence. */
  readonly withoutBf16?: {
    readonly title: (precision: Precision) => string;
    readonly short: string;
    readonly sentence: string;
  };
  readonly optimizer: readonly Optimizer[];
  readonly parallel: readonly Parallelism[];
  readonly checkpointParts: readonly CheckpointPart[];
  /** Edge blocks lie inside the recomputed encoder and decoder. */
  readonly edgeBlocksNeedParts: boolean;
  /** Its allocator is shown every array of every rollout step: of long rollouts a search takes minutes. */
  readonly replaysEveryRolloutStep: boolean;
  /** No code base is written for it: whatever it runs is gc-plan's own. */
  readonly isOurs: boolean;
  /** How `verify` comes to its numbers. */
  readonly verifiedBy: 'training steps' | 'a compiler' | 'a capture';
  /** How `capture` records a step of the user's own: by the script of that name; absent: it does not. */
  readonly recordedBy?: 'running' | 'compiling';
  /** What its statistics of a real step are called, and which of our bytes they count. */
  readonly statistics: Readonly<Record<string, 'peakAllocatedBytes' | 'peakReservedBytes'>>;
  /** The package whose version says how it keeps arrays. */
  readonly package: string;
  /** As pip takes them: what verify asks of the user's Python beside a code base. Absent: it asks nothing. */
  readonly pythonPackages?: readonly string[];
  /** What of several cards is priced, in words. */
  readonly sharing: Readonly<Partial<Record<Parallelism, string>>>;
  /** Laws between its optimizers, precisions and several cards. @throws InputError */
  readonly checkOptimizer?: (recipe: Recipe) => void;
  /** By the id of a strategy of `advise`: what to paste where the code base has no line of its own. */
  readonly lines: Lines;
}

export const runtimeTraits: Readonly<Record<RuntimeName, RuntimeTraits>> = {
  jax: jaxTraits,
  pytorch: pytorchTraits,
  tfjs: tfjsTraits,
};

export const labelOf = (runtime: RuntimeName): string => runtimeTraits[runtime].label;

const isOwn = (key: string) =>
  Object.values(runtimeTraits).some(({ options }) => (options as readonly string[]).includes(key));

/** An option that only some runtimes have is had where one of them says so; all others are had everywhere. */
export const hasOption = (runtime: RuntimeName, key: string): boolean =>
  !isOwn(key) || (runtimeTraits[runtime].options as readonly string[]).includes(key);

export const runtimesWith = (key: string): readonly RuntimeName[] =>
  (Object.keys(runtimeTraits) as RuntimeName[]).filter((runtime) => hasOption(runtime, key));

/**
 * What one process may take, context included. Where arrays get a share of the card at the start (`memFraction`), the context comes on
 * top of it; the others take what is there.
 */
export function usableBytes(
  device: Pick<Device, 'reportedBytes' | 'contextBytes'>,
  recipe: Pick<Recipe, 'memFraction'> & Partial<Pick<Recipe, 'jaxAllocator'>>,
  runtime: RuntimeName,
  reserveBytes: number,
): number {
  const availableBytes = Math.max(0, device.reportedBytes - reserveBytes);
  if (!hasOption(runtime, 'memFraction') || recipe.jaxAllocator === 'platform') return availableBytes;
  const share = Math.floor(availableBytes * recipe.memFraction);
  return Math.min(availableBytes, share + device.contextBytes[runtime]);
}
