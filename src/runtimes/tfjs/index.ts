/** TensorFlow.js: keeps everything until a tape's backward pass ends. The step that is priced is the step that `verify` runs. */
import { offloadsBoundary } from '../../config/offload.js';
import type { Config } from '../../config/types.js';
import { type ForwardProgram, operationsOf } from '../../ir/forward-program.js';
import { axis, type Dimensions } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { TraceRecorder } from '../../memory/recorder.js';
import type { Trace } from '../../memory/trace.js';
import { noTurn } from '../../memory/turns.js';
import { allThatIsReported } from '../on-card.js';
import type { CardSupport, Runtime } from '../types.js';
import { type ConstantArrays, contextOf } from './context.js';
import { blockDimensions, blockName, blocksOfData, endpointArrays, endpointsName, rowsName } from './edge-blocks.js';
import { SymbolicEngine } from './engine.js';
import { evaluateScoped } from './evaluate.js';
import { symbolicOptimizer } from './optimizers.js';
import { mostLiveBytes, tfjsProcess } from './process.js';
import { cutsOf, segment, tapeSegments, traceCutsOf } from './segments.js';
import { forcingChannels, forcingDimensions, sumsOfRows, tensorShape } from './shapes.js';
import { accumulatedGradients, lossAndGradients } from './step.js';
import { SymbolicOps } from './symbolic.js';
import type { SymbolicTensor } from './symbolic-tensor.js';

/** Arrays that live as long as the training: parameters, data, graph. */
function setUp(engine: SymbolicEngine, program: ForwardProgram, config: Config) {
  const plan = config.recipe.checkpoint;
  const { recorder } = engine;
  recorder.mark('setup');
  const leaves = new Map<ValueId, SymbolicTensor>();
  for (const { value, module } of program.parameters) {
    const { name, shape } = program.values[value]!;
    engine.enter('', module);
    leaves.set(value, engine.variable(tensorShape(shape), name, 'parameter'));
  }
  engine.enter('', 'inputs');
  const edgeFeatures = new Map<string, SymbolicTensor>();
  for (const [name, value] of Object.entries(program.data)) {
    recorder.turn = Number(/^target(\d+)$/.exec(name)?.[1] ?? noTurn);
    const { shape } = program.values[value]!;
    const blocks = blocksOfData(name, plan);
    for (const block of blocks) {
      const blockShape = tensorShape([axis(blockName(block)), ...shape.slice(1)]);
      edgeFeatures.set(blockName(block), engine.variable(blockShape, blockName(block), 'input'));
    }
    if (blocks.length === 0) leaves.set(value, engine.variable(tensorShape(shape), name, 'input'));
  }
  recorder.turn = noTurn;
  const endpoints = new Map<string, SymbolicTensor>();
  for (const each of endpointArrays(plan)) {
    const name = endpointsName(each, each.block);
    const rows = tensorShape([axis(rowsName(each)), axis('batch'), axis('one')])[0]!;
    endpoints.set(name, engine.variable([rows], name, 'input'));
  }
  const gridRows = tensorShape([axis('gridNodes'), axis('batch'), axis('one')])[0]!;
  const constants: ConstantArrays<SymbolicTensor> = {
    edgeFeatures,
    endpoints,
    areaWeights: engine.variable([gridRows, []], 'area weights', 'input'),
    headMatrix: attends(program)
      ? engine.variable([[axis('hiddenDim')], [axis('heads')]], 'head matrix', 'input')
      : undefined,
    forcings: readsForcings(config)
      ? engine.variable([gridRows, [axis(forcingChannels)]], 'forcings', 'input')
      : undefined,
  };
  return { leaves, constants };
}

/** The program has attention heads. */
export const attends = (program: ForwardProgram): boolean =>
  operationsOf([program.root]).some(({ kind }) => kind === 'headSum');

/** A later rollout step reads the prediction and, where that is narrower than its input, channels that are known in advance. */
export const readsForcings = ({ model, recipe }: Pick<Config, 'model' | 'recipe'>): boolean =>
  recipe.rolloutSteps > 1 && model.inputChannels > model.outputChannels;

export function tfjsDimensions(base: Dimensions, { recipe }: Pick<Config, 'recipe'>): Dimensions {
  return {
    ...base,
    ...forcingDimensions(base),
    ...sumsOfRows(base),
    ...blockDimensions(base, recipe.checkpoint),
  };
}

/** The second micro-step adds to what the first one leaves; those after it repeat the second. */
const maxTracedMicroSteps = 2;

/** `maxMicroSteps`: a test traces them all. */
export function traceTfjs(program: ForwardProgram, config: Config, maxMicroSteps = maxTracedMicroSteps): Trace {
  const { recipe } = config;
  const recorder = new TraceRecorder();
  const engine = new SymbolicEngine(recorder);
  const ops = new SymbolicOps(engine);
  const { leaves, constants } = setUp(engine, program, config);
  const context = contextOf(ops, program, recipe, constants);
  if (program.loss === undefined) {
    recorder.markLastStep();
    engine.beginPass();
    evaluateScoped(context, program, program.root, leaves);
    return recorder.finish();
  }
  engine.enter('', 'optimizer');
  const trained = program.parameters.filter(({ used }) => used);
  const update = symbolicOptimizer(
    ops,
    recipe,
    trained.map(({ value }) => ({ parameter: leaves.get(value)!, name: program.values[value]!.name })),
  );
  recorder.markLastStep();
  const segments = tapeSegments(program, recipe.checkpoint);
  const { gradients } = accumulatedGradients(ops, Math.min(recipe.accumulate, maxMicroSteps), () => {
    engine.beginPass();
    const result = lossAndGradients(context, program, segments, leaves);
    recorder.turn = noTurn;
    return result;
  });
  for (const { storage } of gradients.values()) recorder.categorize(storage, 'gradient');
  recorder.mark('optimizer');
  engine.enter(`${recipe.optimizer} step`, 'optimizer');
  update(
    trained.flatMap(({ value }) => {
      const gradient = gradients.get(value);
      return gradient === undefined ? [] : [{ parameter: leaves.get(value)!, gradient }];
    }),
  );
  return recorder.finish();
}

function traceState(program: ForwardProgram, { recipe }: Config): Trace {
  const recorder = new TraceRecorder();
  const ops = new SymbolicOps(new SymbolicEngine(recorder));
  const trained = program.parameters.filter(({ used }) => used);
  const leaves = trained.map(({ value }) => {
    const { name, shape } = program.values[value]!;
    return { parameter: ops.engine.variable(tensorShape(shape), name, 'parameter'), name };
  });
  symbolicOptimizer(ops, recipe, leaves);
  recorder.markLastStep();
  return recorder.finish();
}

/** Source: the libtensorflow 2.9 that @tensorflow/tfjs-node-gpu 4 downloads: CUDA 11.2, whose kernels start at compute capability 3.5. */
const cards: CardSupport = {
  label: 'tfjs-node-gpu 4',
  builds: [{ name: 'CUDA 11.2', oldestComputeCapability: 35 }],
};

export const tfjsRuntime: Runtime = {
  segment: (config) => ({ ...segment(config), longRollout: 'repeated' }),
  cutsOf,
  traceCutsOf,
  dimensions: tfjsDimensions,
  trace: (program, config) => traceTfjs(program, config),
  passes: (program, { recipe, ...config }) =>
    traceTfjs(program, { ...config, recipe: { ...recipe, optimizer: 'none' } }),
  state: traceState,
  process: tfjsProcess,
  mostLiveBytes,
  bucketsGradients: false,
  cards,
  usableShare: allThatIsReported,
  search: {
    replaysRolloutStepFirst: false,
    segmentsChangeForward: true,
    passesAreApart: true,
    // The second last step's backward pass finds gradients there, each before it sums of them, which are temporaries: it matters where later
    // micro-steps are asked for.
    stepsThatTell: (recipe) => ({
      number: recipe.accumulate > 1 ? 4 : 3,
      keptUntil: offloadsBoundary(recipe) ? 'nextStepEnds' : 'itsTapeEnds',
    }),
    tightUpTo: 1,
    rowsPeriod: () => 2,
  },
};
