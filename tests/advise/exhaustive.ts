/** The cheapest way to train, found by trying every command line instead of by the rules of `advise`. */

import { concatTricks, offloads, tapes } from '../../src/config/choices.js';
import { standInDevice } from '../../src/config/device.js';
import type { Config } from '../../src/config/types.js';
import { countFlops } from '../../src/cost/flops.js';
import { InputError } from '../../src/errors.js';
import { peakLiveBytes } from '../../src/memory/liveness.js';
import { bufferBytes } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { loadModel } from '../../src/options/load-model.js';
import { type ResolveInput, resolveWith } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { dimensionsFor } from '../../src/parallel/index.js';
import { price, priceProgram } from '../../src/price.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';
import { type UnsizedStep, UnsizedSteps } from '../../src/search/unsized-step.js';

const standIn = standInDevice();

/** What is known before a step is traced. */
interface Cost {
  readonly numerics: number;
  readonly offload: number;
  readonly recomputedSampleFlops: number;
  readonly batchSize: number;
  /** Of the process around the same arrays. */
  readonly numChangesAround: number;
}

interface Best extends Cost {
  readonly peakLiveBytes: number;
}

const around = ['allocator', 'memFraction', 'xlaGemm'] as const;

const order = (a: Cost, b: Cost): number =>
  a.numerics - b.numerics ||
  a.offload - b.offload ||
  a.recomputedSampleFlops - b.recomputedSampleFlops ||
  b.batchSize - a.batchSize ||
  a.numChangesAround - b.numChangesAround;

/** Every command line made of the flags that say how to train, priced like any other where none that fits is better already. */
export async function exhaustively(
  { model, flags }: ResolveInput,
  others: 'none' | 'precisions' | 'optimizers',
  offloadsTried: readonly string[],
): Promise<Best | undefined> {
  const profile = await loadModel(model!);
  const base = resolveWith(profile, flags);
  const unsizedSteps = new UnsizedSteps();
  let best: Best | undefined;
  const tooMuchWithoutState = new Set<string>();
  for (const typed of commandLines(base, others, base.runtime === 'jax' ? [undefined] : offloadsTried)) {
    const withAnyOptimizer = JSON.stringify({ ...typed, optimizer: '' });
    if (tooMuchWithoutState.has(withAnyOptimizer)) continue;
    const found = pricedOrRefused(() => resolveWith(profile, { ...flags, ...typed }), base, unsizedSteps, best);
    if (found === 'too much' && typed.optimizer === 'sgd') tooMuchWithoutState.add(withAnyOptimizer);
    if (typeof found === 'object') best = found;
  }
  return best;
}

/** Refused: by the command line or the runtime. Too much: the arrays alone are more than the card. */
function pricedOrRefused(resolve: () => Config, base: Config, unsizedSteps: UnsizedSteps, best: Best | undefined) {
  try {
    const config = resolve();
    const unsizedStep = unsizedSteps.of(config);
    const cost = costOf(config, base, unsizedStep);
    if (best !== undefined && order(cost, best) > 0) return 'dearer';
    const step = priceProgram(config, counts(config.model), unsizedStep);
    const liveBytes = peakLiveBytes(step.trace, bufferBytes(step.trace, step.dimensions));
    if (liveBytes > config.device!.reportedBytes) return 'too much';
    if (best !== undefined && order(cost, best) === 0 && liveBytes >= best.peakLiveBytes) return 'dearer';
    const { verdict } = price(config, counts(config.model), standIn, step);
    return verdict.kind === 'fits' ? { ...cost, peakLiveBytes: liveBytes } : 'does not fit';
  } catch (error) {
    if (error instanceof InputError) return 'refused';
    throw error;
  }
}

function costOf(config: Config, { runtime, recipe: own }: Config, { program }: UnsizedStep): Cost {
  const { recipe } = config;
  const { recomputeFraction, trainFlops } = countFlops(program, dimensionsFor(config, counts(config.model)));
  const precisions = [own.precision, ...runtimeTraits[runtime].precision.filter((each) => each !== own.precision)];
  const isItsOptimizer = recipe.optimizer === own.optimizer || recipe.optimizer === 'adamw-fused';
  return {
    numerics: isItsOptimizer ? precisions.indexOf(recipe.precision) : 100,
    offload: offloads.indexOf(recipe.offload),
    recomputedSampleFlops: Math.round((recomputeFraction * trainFlops) / recipe.batchSize),
    batchSize: recipe.batchSize,
    numChangesAround: around.filter((key) => recipe[key] !== own[key]).length,
  };
}

/** The same update in one kernel leaves the numbers as they are. SGD has no state: where its arrays are too much, those of all others are. */
const optimizersTried = (own: string, pytorch: boolean, others: string): readonly string[] => [
  ...(others === 'optimizers' ? ['sgd'] : []),
  own,
  ...(pytorch && own === 'adamw' ? ['adamw-fused'] : []),
];

function* commandLines(
  { runtime, model, recipe }: Config,
  others: 'none' | 'precisions' | 'optimizers',
  offloadsTried: readonly (string | undefined)[],
): Generator<Flags> {
  const pytorch = runtime === 'pytorch';
  const processors = [
    '',
    ...Array.from({ length: model.layers }, (_, index) => `processor:every=${index + 1}`),
    ...(runtimeTraits[runtime].checkpointParts.includes('processor:segments')
      ? ['processor:segments=1', 'processor:segments=2']
      : []),
  ];
  const edges = runtime === 'pytorch' ? [''] : ['', ...[2, 4, 8, 16, 32].map((count) => `edges:blocks=${count}`)];
  const rollouts = recipe.rolloutSteps > 1 ? ['', 'rollout'] : [''];
  const plans = rollouts.flatMap((rollout) =>
    ['', 'encoder'].flatMap((encoder) =>
      ['', 'decoder'].flatMap((decoder) =>
        processors.flatMap((processor) =>
          edges.map((blocks) => [rollout, encoder, decoder, processor, blocks].filter(Boolean).join('+') || 'none'),
        ),
      ),
    ),
  );
  const globalBatch = recipe.batchSize * recipe.accumulate;
  // Innermost what has no other trace.
  for (const checkpoint of ['model', ...plans])
    for (const concatTrick of pytorch ? concatTricks : [undefined])
      for (const recompute of pytorch ? [false, true] : [undefined])
        for (const tape of runtime === 'tfjs' ? tapes : [undefined])
          for (const xlaGemm of runtime === 'jax' ? ['auto', 'cublas'] : [undefined])
            for (const precision of others === 'none' ? [recipe.precision] : runtimeTraits[runtime].precision)
              for (const optimizer of optimizersTried(recipe.optimizer, pytorch, others))
                for (const offload of offloadsTried)
                  for (const batch of [1, 2, 4].filter((count) => count <= recipe.batchSize))
                    for (const allocator of pytorch ? ['native', 'expandable'] : [undefined])
                      for (const memFraction of runtime === 'jax' ? ['0.75', '0.95'] : [undefined])
                        yield {
                          checkpoint,
                          batch: String(batch),
                          accumulate: String(globalBatch / batch),
                          'concat-trick': concatTrick,
                          'recompute-activation': recompute,
                          allocator,
                          tape,
                          'mem-fraction': memFraction,
                          'xla-gemm': xlaGemm,
                          precision,
                          optimizer,
                          offload,
                        };
}
