/** One jitted training step, or one prediction, of DeepMind's GraphCast. */
import type { Config } from '../../config/types.js';
import type { Block, ForwardProgram, Node } from '../../ir/forward-program.js';
import { axis, type Dimensions, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { Trace } from '../../memory/trace.js';
import { counts } from '../../models/counts.js';
import { dimensionsOf } from '../../models/dimensions.js';

import { Backward } from './backward.js';
import { readBehindBarrier } from './barrier.js';
import { constantsOf } from './constants.js';
import { trainDenoiser } from './denoiser.js';
import { withEdgeBlocks } from './edge-blocks.js';
import { Ending, returnsGradients } from './ending.js';
import { forecast } from './ensemble.js';
import { trainEnsemble } from './ensemble-training.js';
import { Forward } from './forward.js';
import { firstHopper, gemmOf } from './gemm.js';
import type { ParameterGradient } from './gradients.js';
import { InferenceForward } from './inference.js';
import type { BufferId } from './kernel.js';
import { isHidden, meets, meetsInOrder } from './latency-hiding.js';
import { LossHead } from './loss-head.js';
import { isConditioned, isStackedOften, type Lowering, refuseWithoutRule } from './lowering.js';
import { mostPacked } from './packing.js';
import { allocateResidents } from './residents.js';
import { Results } from './results.js';
import { LoopState, loopBody } from './rollout.js';
import type { Rule } from './rules.js';
import { sample } from './sampler.js';
import { residualsOfScan } from './scan-residuals.js';
import { type Packs, Schedule } from './schedule.js';
import { Sizes } from './sizes.js';
import { fields, jaxDimensions } from './symbols.js';
import { buffersOf, Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';
import { Zeros } from './zeros.js';

/** Structural channels are added when the operand of the first product is written. */
const stackedShape: Shape = [axis('gridNodes'), axis('batch'), fields.stacked];

/** `without`: the rule that is left out, to see what it is worth. */
export function traceJax(program: ForwardProgram, config: Config, without?: Rule): Trace {
  const sizes = new Sizes(sizesOf(config));
  // A function of its own: what this one refers to stays as long as the trace.
  return { ...compiled(program, config, sizes, without), holdsFor: (other) => sizes.answersAlike(sizesOf(other)) };
}

/** One sample lets XLA fold constants. */
const isOneSample = ({ batch }: Dimensions): boolean => batch === 1;

function compiled(program: ForwardProgram, config: Config, sizes: Sizes, without: Rule | undefined): Trace {
  refuseWithoutRule(program);
  const { recipe } = config;
  const schedule = new Schedule();
  writeConstants(schedule, config, program);
  const data = allocateResidents(program, schedule, recipe);
  const { edges } = recipe.checkpoint;
  const whole = edges.kind === 'none' ? program : withEdgeBlocks(program, edges.kind);
  const step = new Step(whole, config, schedule, data, sizes, without);
  schedule.within({ phase: 'forward', module: 'inputs' }, () => {
    if (program.denoiser !== undefined) step.denoise();
    else if (program.ensemble) step.ensemble();
    else if (recipe.mode === 'inference') step.predict();
    else if (recipe.rolloutSteps > 1) step.trainRollout();
    else step.train();
  });
  if (step.lowering.isOrdered && !step.lossRunsLast)
    schedule.putInOrder(sizes.whole, step.lowering.gemm.padding > 1, isHidden(config));
  const hasResults = recipe.mode === 'inference' || returnsGradients(program, recipe);
  const resultsHold = hasResults && without !== 'resultsHold';
  sizes.ask('one sample', isOneSample);
  return schedule.trace(resultsHold ? sizes : undefined, packsOf(program, config, sizes, step.lowering));
}

/** All arrays of a forecast; of a step in order, which is packed for every plan of a search, the thousand largest: more change 2 of 221 numbers, by 0.06 %. */
function packsOf(program: ForwardProgram, { recipe }: Config, sizes: Sizes, lowering: Lowering): Packs | undefined {
  if (lowering.isOrdered) return { sizes: sizes.whole, mostInArena: 1_000 };
  if (isConditioned(program)) return { sizes: sizes.whole };
  return recipe.mode === 'inference' && lowering.has('arena')
    ? { sizes: sizes.whole, mostInArena: mostPacked }
    : undefined;
}

/** Of the configuration that was asked for last: a search asks several traces whether they hold for it. */
let latest: { readonly config: Config; readonly sizes: Dimensions } | undefined;

function sizesOf(config: Config): Dimensions {
  if (latest?.config !== config)
    latest = { config, sizes: jaxDimensions(dimensionsOf(config, counts(config.model)), config) };
  return latest.sizes;
}

/** There before the step, and not of its arrays: allocated and freed before it begins, so that only the process counts them. */
function writeConstants(schedule: Schedule, config: Config, program: ForwardProgram): void {
  const buffers = constantsOf(config, program).map(({ shape, elementBytes }) => schedule.constant(shape, elementBytes));
  schedule.run('constants in the executable', [], buffers);
}

class Step {
  readonly lowering: Lowering;
  private readonly lossHead: LossHead;
  private readonly forward: Forward;
  private readonly backward: Backward;
  private readonly ending: Ending;

  constructor(
    private readonly program: ForwardProgram,
    private readonly config: Config,
    private readonly schedule: Schedule,
    private readonly data: readonly BufferId[],
    private readonly sizes: Sizes,
    without: Rule | undefined,
  ) {
    const has = (rule: Rule) => rule !== without;
    const gemm = gemmOf(config);
    const gradientsMeet = meets(config) && !isConditioned(program);
    const isOrdered = gradientsMeet && meetsInOrder(config) && has('latencyHiding');
    const needed: { sizes?: Dimensions } = isOrdered ? { sizes: sizes.whole } : {};
    const zeros = new Zeros(schedule, has('sharedZeros'), isOrdered);
    // A rollout adds its gradients up in f32 before they meet.
    const isSentAtOnce = gradientsMeet && config.recipe.rolloutSteps === 1;
    this.lowering = { program, schedule, gemm, zeros, has, meets: isSentAtOnce, isOrdered, ...needed };
    this.lossHead = new LossHead(schedule, gemm, needed.sizes);
    this.ending = new Ending(program, config, this.lowering, sizes);
    this.forward = new Forward(this.lowering, this.lossHead);
    this.backward = new Backward(this.lowering, this.forward, this.lossHead);
  }

  predict(): void {
    const { schedule, config, program, lowering } = this;
    const { rolloutSteps } = config.recipe;
    const inLoop = rolloutSteps > 1;
    const results = new Results(schedule, this.data, {
      inLoop,
      transposesForcings: !this.sizes.ask('one sample', isOneSample),
    });
    const environment = new Environment();
    for (const id of Object.values(program.data)) environment.setValue(id, fusedIntoReaders());
    environment.setValue(program.data.gridInput!, fusedIntoReaders(...results.input.map(inBuffer)));
    const forward = new InferenceForward(lowering, this.lossHead, loopBody(program), {
      sizes: this.sizes,
      inLoop,
      computeCapability: config.device?.computeCapability ?? firstHopper,
    });
    const before = schedule.length;
    forward.predict(program, environment);
    if (inLoop && lowering.has('leastMemory')) schedule.orderByMemory(before, results.state, this.sizes.whole);
    results.write(buffersOf(environment.value(program.predictions[0]!)));
  }

  denoise(): void {
    const { lowering, data, config, sizes } = this;
    if (config.recipe.mode === 'inference') sample(lowering, data, sizes.whole);
    else trainDenoiser(lowering, data, sizes.whole, config.recipe.optimizer);
  }

  ensemble(): void {
    const { lowering, data, config, schedule, program, sizes } = this;
    const body = loopBody(program);
    if (config.recipe.mode === 'train') {
      trainEnsemble(lowering, body, data, sizes.whole, config.recipe.optimizer);
      return;
    }
    const results = new Results(schedule, data, { inLoop: config.recipe.rolloutSteps > 1, transposesForcings: false });
    results.write(forecast(lowering, body, results.input, sizes.whole));
  }

  train(): void {
    const { body } = this.program.root;
    const environment = this.inputs();
    if (this.config.recipe.checkpoint.model) {
      if (this.lowering.isOrdered) readBehindBarrier(body, this.lowering, environment);
      if (this.lossRunsLast) {
        this.differentiateAgain(plain(body), environment);
        const gradients = this.ending.met(this.backward.parameterGradients, []);
        this.schedule.putInOrder(this.sizes.whole, true, isHidden(this.config));
        this.schedule.within({ phase: 'backward' }, () => this.forward.nodes(plain(body), this.inputs()));
        this.ending.apply(gradients);
        return;
      }
      // All is recomputed: XLA runs the recomputation with the backward pass first, and the forward pass, for the loss, last.
      const forLoss = this.inputs();
      this.differentiateAgain(plain(body), environment);
      this.schedule.within({ phase: 'backward' }, () => this.forward.nodes(plain(body), forLoss));
    } else {
      this.forward.nodes(body, environment);
      this.differentiate(body, environment);
    }
    this.update(this.backward.parameterGradients);
  }

  trainRollout(): void {
    const { schedule, program, lowering } = this;
    const body = plain(loopBody(program));
    const checkpointed = this.config.recipe.checkpoint.rollout;
    const loops = new LoopState(schedule, this.data);
    const { stacks, sources } = checkpointed ? { stacks: [], sources: [] } : residualsOfScan(program, body, lowering);
    const environment = this.inputs();
    this.forward.nodes(body, environment);
    const made = sources.filter((id) => environment.has(id));
    const read = [program.predictions[0]!, ...made].flatMap((id) => buffersOf(environment.value(id)));
    loops.forwardBody(read, stacks);
    const shapes = program.parameters.map(({ value }) => program.values[value]!.shape);
    const gradients = schedule.within({ phase: 'backward' }, () =>
      loops.backward(shapes, () => {
        if (checkpointed) this.differentiateAgain(body, this.inputs());
        else schedule.run('one rollout step backward, from its slice of the residuals', stacks);
      }),
    );
    this.update(gradients.map((gradient, index) => ({ id: program.parameters[index]!.value, gradient })));
  }

  /** The input fields, and the constants of the graph. */
  private inputs(): Environment {
    const { program, lowering } = this;
    const environment = new Environment();
    for (const id of Object.values(program.data)) environment.setValue(id, fusedIntoReaders());
    environment.setValue(program.data.gridInput!, this.inputFields());
    lowering.zeros.fillHere();
    return environment;
  }

  /** Normalised, cast and stacked, where not every product does that for itself. */
  private inputFields(): Representation {
    const { schedule, program, lowering } = this;
    if (isStackedOften(lowering, program.data.gridInput!) && !this.recomputesEncoder)
      return fusedIntoReaders(...this.data.map(inBuffer));
    const stacked = schedule.buffer(stackedShape, lowering.gemm.elementBytes);
    schedule.run('normalise, cast and stack the inputs', this.data, [stacked]);
    return inBuffer(stacked);
  }

  /** …which then read the fields stacked behind its barrier. */
  private get recomputesEncoder(): boolean {
    const { encoder, model } = this.config.recipe.checkpoint;
    return encoder && !model;
  }

  /**
   * In bf16 the kernels that update parameters cast them for this pass as well (multi_output_fusion.cc, siblings), so that it waits for the gradients to
   * have met, and its losses meet in a collective of their own.
   */
  get lossRunsLast(): boolean {
    const { isOrdered, gemm } = this.lowering;
    return isOrdered && this.config.recipe.checkpoint.model && gemm.elementBytes === 2;
  }

  private differentiate(body: readonly Node[], environment: Environment): void {
    this.schedule.within({ phase: 'backward', module: 'loss' }, () => {
      this.backward.seed(lossOf(body), fusedIntoReaders());
      this.backward.nodes(body, environment);
    });
  }

  private differentiateAgain(body: readonly Node[], environment: Environment): void {
    this.schedule.within({ phase: 'backward', module: 'loss' }, () => {
      this.backward.seed(lossOf(body), fusedIntoReaders());
      this.backward.recomputed(body, environment);
    });
  }

  private update(ofCard: readonly ParameterGradient[]): void {
    this.ending.apply(this.ending.met(ofCard, this.lossHead.losses));
  }
}

/** What is recomputed as a whole has no barriers inside it that are not its own. */
const plain = (nodes: readonly Node[]): readonly Node[] =>
  nodes.map((node) => (node.kind === 'block' && node.role.kind === 'model' ? { ...node, recomputed: false } : node));

function lossOf(body: readonly Node[]): ValueId {
  const loss = body.find((node): node is Block => node.kind === 'block' && node.role.kind === 'loss');
  return loss!.outputs[0]!;
}
