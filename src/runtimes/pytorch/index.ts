/** PyTorch eager: two training steps (the second is the one that repeats), or two inference passes. */
import { offloadsOptimizer } from '../../config/offload.js';
import type { Config, Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import { type Dimensions, numElements } from '../../ir/shape.js';
import { GrowingReplay } from '../../memory/allocators/replay.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import type { Trace } from '../../memory/trace.js';
import { counts } from '../../models/counts.js';
import { dimensionsOf } from '../../models/dimensions.js';
import { codeBaseOf, layoutOf } from '../../models/index.js';
import { allThatIsReported } from '../on-card.js';
import type { CardSupport, RoomForPasses, Runtime } from '../types.js';
import { pytorchAssumptions } from './assumptions.js';
import { ForwardPass } from './forward-pass.js';
import { hostTransferBytes } from './host-transfer.js';
import { gradientOfLoss } from './loss.js';
import type { Lowering } from './lowering.js';
import type { OptimizerSizes } from './optimizer.js';
import { traceStage } from './pipeline.js';
import {
  leastReservedBytes,
  mostLiveBytes,
  pytorchProcess,
  pytorchVerdict,
  recordedProcess,
  replayUntilFull,
} from './process.js';
import { cutsOf, segmentPyTorch } from './segments.js';
import { traceState, traceSteps } from './steps.js';
import { validationDimensions, validationOf } from './validation.js';

/** Micro-steps after the second add to the same gradients: they repeat it exactly. */
const maxTracedMicroSteps = 2;

/** `isEnough`: asked between the nodes of a backward pass, whose rest is then left out. */
function tracePyTorch(program: ForwardProgram, config: Config, numSteps: 1 | 2 = 2, isEnough?: IsEnough): Trace {
  const { recipe } = config;
  const sizes = sizesIn(config);
  if (program.stage !== undefined) return traceStage(program, program.stage, recipe, sizes);
  const validation = numSteps === 2 ? validationOf(config, program) : undefined;
  return traceSteps({
    program,
    recipe,
    ...(validation && { validation }),
    sizes,
    numMicroBatches: 1,
    numSteps,
    passes: (lowering) => {
      const forwardPass = new ForwardPass(program, lowering, recipe);
      return recipe.mode === 'inference'
        ? () => predict(program, lowering, forwardPass)
        : () => microSteps(program, lowering, forwardPass, recipe, isEnough);
    },
  });
}

type IsEnough = (recorder: TraceRecorder) => boolean;

/** Traced no further than to where what is reserved is too much. */
function passesThatFit(program: ForwardProgram, config: Config, on: RoomForPasses): Trace | undefined {
  const replay = new GrowingReplay(on.dimensions, replayUntilFull(config, on));
  const trace = tracePyTorch(program, config, 1, (recorder) => {
    replay.follow(recorder);
    return replay.isFull;
  });
  return replay.isFull ? undefined : trace;
}

function predict(program: ForwardProgram, lowering: Lowering, forwardPass: ForwardPass): void {
  forwardPass.run();
  for (const prediction of program.predictions) lowering.recorder.release(lowering.take(prediction).storage);
}

function microSteps(
  program: ForwardProgram,
  lowering: Lowering,
  forwardPass: ForwardPass,
  recipe: Recipe,
  isEnough?: IsEnough,
): void {
  for (let micro = 0; micro < Math.min(recipe.accumulate, maxTracedMicroSteps); micro++) {
    if (micro > 0) lowering.recorder.mark('forward');
    forwardAndBackward(program, lowering, forwardPass, isEnough);
  }
}

/** Looked up by the rules alone that tell small parameters from large ones. */
function sizesIn(config: Config): OptimizerSizes {
  let dimensions: Dimensions | undefined;
  return {
    numElementsOf: (shape) => {
      dimensions ??= dimensionsOf(config, counts(config.model));
      return numElements(shape, dimensions);
    },
    offloaded: offloadsOptimizer(config.recipe),
  };
}

/** Those rules make other traces at other widths. */
const sizeClass = ({ model, recipe }: Config): string => {
  const samples = layoutOf(model.layout).samplesShareRows && recipe.batchSize > 1 ? 'several samples ' : '';
  return recipe.optimizer === 'adamw-8bit' || offloadsOptimizer(recipe) ? samples + JSON.stringify(model) : samples;
};

function forwardAndBackward(
  program: ForwardProgram,
  lowering: Lowering,
  forwardPass: ForwardPass,
  isEnough?: IsEnough,
): void {
  const { recorder } = lowering;
  const firstStorage = recorder.numStorages;
  forwardPass.run();
  const loss = lowering.take(program.loss!);
  recorder.categorizeLiveAsActivation(firstStorage);
  recorder.mark('backward');
  const roots = [gradientOfLoss(loss, lowering)];
  recorder.release(loss.storage);
  lowering.engine.run(roots, isEnough && (() => isEnough(recorder)));
}

/**
 * Source: RELEASE.md of pytorch/pytorch, CUDA support matrix of 2.12 to 2.14, Linux x86. Below compute capability 8.0 cuBLAS has no bf16
 * units: PyTorch keeps the bf16 arrays and computes through fp32 (`torch.cuda.is_bf16_supported` counts that as emulation).
 */
const cards: CardSupport = {
  label: 'PyTorch 2.13',
  builds: [
    { name: 'CUDA 13', oldestComputeCapability: 75 },
    { name: 'CUDA 12.6', oldestComputeCapability: 50 },
  ],
};

export const pytorchRuntime: Runtime = {
  segment: segmentPyTorch,
  cutsOf,
  dimensions: (base, config) => ({
    ...base,
    ...codeBaseOf(config.model.layout).blockRows?.(config, base),
    ...validationDimensions(config, base),
  }),
  sizeClass,
  trace: (program, config) => tracePyTorch(program, config),
  passes: (program, config) => tracePyTorch(program, config, 1),
  passesThatFit,
  state: (program, config) => traceState({ program, recipe: config.recipe, sizes: sizesIn(config) }),
  process: pytorchProcess,
  leastReservedBytes,
  mostLiveBytes,
  recorded: {
    process: recordedProcess,
    open: ['allocator'],
    other: (recipe) => ({
      recipe: { ...recipe, allocator: recipe.allocator === 'native' ? 'expandable' : 'native' },
      line: `PYTORCH_CUDA_ALLOC_CONF=expandable_segments:${recipe.allocator === 'native' ? 'True' : 'False'}`,
    }),
  },
  hostTransferBytes,
  // DistributedDataParallel's reducer.
  bucketsGradients: true,
  search: {
    replaysRolloutStepFirst: true,
    segmentsChangeForward: false,
    passesAreApart: true,
    stepsThatTell: () => ({ number: 3, keptUntil: 'itsBackwardPassEnds' }),
    // Several kernels hold what one holds, and the gathered parts before they are summed.
    boundedBy: (recipe) => (recipe.concatTrick === 'eager' ? { ...recipe, concatTrick: 'fused' } : recipe),
    // Autocast; the gradients' scaler works on the update.
    samePasses: (recipe) => (recipe.precision === 'fp16' ? { ...recipe, precision: 'bf16' } : recipe),
    tightUpTo: 1,
    rowsPeriod: () => 2,
  },
  cards,
  usableShare: allThatIsReported,
  verdict: pytorchVerdict,
  assumptions: pytorchAssumptions,
};
