/**
 * Bytes that one rank receives over the links in one optimizer step, by the ring algorithms of NCCL: an all-gather or a reduce-scatter of
 * B bytes brings (W − 1)/W · B to every rank, an all-reduce is both. The volumes are the ZeRO paper's (arXiv 1910.02054, section 7).
 */
import { fullElementBytes } from '../config/choices.js';
import type { Config } from '../config/types.js';
import type { Block, ForwardProgram } from '../ir/forward-program.js';
import type { OperationOf } from '../ir/operations.js';
import { type Dimensions, numElements } from '../ir/shape.js';
import type { ValueId } from '../ir/types.js';
import type { RankCounts } from './partition.js';

export interface Traffic {
  readonly config: Config;
  readonly program: ForwardProgram;
  /** Of the rank. */
  readonly dimensions: Dimensions;
  /** Where the graph is cut. */
  readonly rank?: RankCounts;
}

export function receivedBytes(traffic: Traffic): number {
  const { config, program, dimensions } = traffic;
  const { parallel, gpus, accumulate, mode } = config.recipe;
  const parameterBytes =
    fullElementBytes(config.recipe) *
    program.parameters.reduce((sum, { value }) => sum + numElements(program.values[value]!.shape, dimensions), 0);
  const ring = (gpus - 1) / gpus;
  const isTraining = mode === 'train';
  const allReduce = isTraining ? 2 * ring * parameterBytes : 0;
  switch (parallel) {
    case 'none':
      return 0;
    case 'pipeline':
      return accumulate * stageBytes(traffic);
    case 'data':
      return allReduce;
    // Gradients are summed everywhere, then every rank sends the parameters that it has updated.
    case 'zero1':
      return allReduce + (isTraining ? ring * parameterBytes : 0);
    // Parameters once per micro-step, its gradients once.
    case 'zero2':
      return ring * parameterBytes * (isTraining ? 2 * accumulate : 1);
    // Parameters once more for the backward pass.
    case 'zero3':
      return ring * parameterBytes * (isTraining ? 3 * accumulate : 1);
    case 'model':
      return allReduce + collectiveBytes(traffic) * (isTraining ? accumulate : 1);
    case 'graph':
      return allReduce + haloBytes(traffic) * (isTraining ? 2 * accumulate : 1);
    case 'tensor':
      return 2 * ring * mlpBytes(program, config, dimensions) * (isTraining ? accumulate : 1);
  }
}

/** Point to point, one micro-batch: what the stage reads of others, and the gradients of what others read of it. */
function stageBytes({ config, program, dimensions }: Traffic): number {
  if (program.stage === undefined) return 0;
  const { received, sent } = program.stage;
  const values = config.recipe.mode === 'train' ? [...received, ...sent] : received;
  const elements = values.reduce((sum, value) => sum + numElements(program.values[value]!.shape, dimensions), 0);
  return elements * fullElementBytes(config.recipe);
}

/** `[halo, batch, hiddenDim]` per exchange: one in the encoder, one per layer, one in the decoder. */
function haloBytes({ config, rank }: Traffic): number {
  if (rank === undefined) return 0;
  const { model, recipe } = config;
  const rows = rank.grid2meshHalo + model.layers * rank.meshHalo + rank.mesh2gridHalo;
  return rows * recipe.batchSize * model.hiddenDim * fullElementBytes(config.recipe) * recipe.rolloutSteps;
}

/** What the cards of one model hand each other, micro-batch by micro-batch; the forward half again where a block is recomputed. */
function collectiveBytes({ program, config, dimensions }: Traffic): number {
  const { gpus, precision } = config.recipe;
  const isTraining = program.loss !== undefined;
  const ring = (gpus - 1) / gpus;
  const elements = (value: ValueId) => numElements(program.values[value]!.shape, dimensions);
  const bytesOf = ({
    pattern,
    input,
    output,
    forward,
    backward,
  }: OperationOf<'collective'>): readonly [there: number, back: number] => {
    // What is gathered before it is embedded is data, in its own type; attention and the layers' rows are in the short one.
    const isData = !program.values[input]!.differentiable || pattern === 'cut';
    const elementBytes = isData || precision === 'fp32' ? fullElementBytes(config.recipe) : 2;
    const [given, made] = [elements(input), elements(output)];
    switch (pattern) {
      case 'cut':
        return [0, backward.received.length === 0 ? 0 : ring * given * elementBytes];
      case 'gather':
        return [ring * made * elementBytes, 2 * ring * made * fullElementBytes(config.recipe)];
      case 'transpose':
        return [ring * made * elementBytes, ring * given * elementBytes];
      case 'halo':
        return [
          (made - given) * elementBytes,
          forward.sent.reduce((sum, shape) => sum + numElements(shape, dimensions), 0) * elementBytes,
        ];
    }
  };
  let total = 0;
  const visit = (block: Block, isRecomputed: boolean): void => {
    const again = isTraining && (isRecomputed || block.recomputed);
    for (const node of block.body) {
      if (node.kind === 'block') visit(node, again);
      if (node.kind !== 'collective') continue;
      const [there, back] = bytesOf(node);
      total += there * (again ? 2 : 1) + (isTraining ? back : 0);
    }
  };
  visit(program.root, false);
  return total;
}

/** Outputs of the MLPs in the forward pass, gradients of their inputs in the backward pass. */
function mlpBytes(program: ForwardProgram, config: Config, dimensions: Dimensions): number {
  const elements = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + numElements(program.values[value]!.shape, dimensions), 0);
  const isTraining = program.loss !== undefined;
  let total = 0;
  const visit = (block: Block): void => {
    if (block.role.kind === 'mlp') total += elements(block.outputs) + (isTraining ? elements(block.inputs) : 0);
    for (const node of block.body) if (node.kind === 'block') visit(node);
  };
  visit(program.root);
  return total * fullElementBytes(config.recipe);
}
