/** Executes the forward program that the estimator priced, with the library's operations: real parameters, losses and optimizer steps. */
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import { numElements } from '../ir/shape.js';
import type { Endpoints, ValueId } from '../ir/types.js';
import { dimensionsOf } from '../models/dimensions.js';
import { contextOf } from '../runtimes/tfjs/context.js';
import {
  blockName,
  blockRange,
  blocksOfData,
  type EdgeBlock,
  endpointArrays,
  endpointsName,
} from '../runtimes/tfjs/edge-blocks.js';
import { evaluateScoped } from '../runtimes/tfjs/evaluate.js';
import { attends, readsForcings, tfjsDimensions } from '../runtimes/tfjs/index.js';
import { tapeSegments } from '../runtimes/tfjs/segments.js';
import { tensorShape } from '../runtimes/tfjs/shapes.js';
import { accumulatedGradients, type LossAndGradients, lossAndGradients, readForward } from '../runtimes/tfjs/step.js';
import { batchedEndpoints, type TaskData, taskData } from './data.js';
import type { Library, Tensor, Variable } from './library.js';
import { libraryOptimizer } from './optimizer.js';
import { initialValues, randomNumbers } from './parameters.js';
import { libraryOps } from './tfjs-ops.js';

export interface StepHooks {
  readonly optimizerBegins: () => void;
  /** Before loss and gradients are let go. */
  readonly stepEnds: () => void;
}

const silent: StepHooks = { optimizerBegins: () => {}, stepEnds: () => {} };

export interface Trainer {
  readonly parameters: ReadonlyMap<ValueId, Variable>;
  /** Takes these samples for the next steps, one for each of the batch; at first they are 0, 1, … */
  readonly load: (samples: readonly number[]) => void;
  /** Of the loaded samples, without an update; `prediction`: `[batch · gridNodes, outputChannels]`. */
  readonly evaluate: () => { readonly loss: number; readonly prediction: Float32Array };
  /** Of the current parameters; the caller disposes both. Absent in inference. */
  readonly gradients: () => LossAndGradients<Tensor>;
  /** One optimizer step, or one prediction in inference. → the loss (0 in inference). */
  readonly step: (hooks?: StepHooks, learningRate?: number) => number;
  readonly dispose: () => void;
}

/** `initial`: values by the parameters' names, where they don't come from a seed. */
export function trainer(
  tf: Library,
  config: Config,
  program: ForwardProgram,
  initial?: ReadonlyMap<string, Float32Array>,
): Trainer {
  const { recipe } = config;
  const { batchSize } = recipe;
  const task = taskData(config);
  const base = dimensionsOf(config, task.counts);
  const dimensions = tfjsDimensions(base, config);
  const shapeOf = (value: ValueId) =>
    tensorShape(program.values[value]!.shape).map((axes) => numElements(axes, dimensions));
  const random = randomNumbers(1);
  const parameters = new Map<ValueId, Variable>();
  for (const { value } of program.parameters) {
    const shape = shapeOf(value);
    const { name } = program.values[value]!;
    const values = tf.tensor(initial?.get(name) ?? initialValues(name, shape, random), shape);
    parameters.set(value, tf.variable(values, true, `${name} #${value}`));
    values.dispose();
  }
  const leaves = new Map<ValueId, Tensor>(parameters);
  const edgeFeatures = new Map<string, Tensor>();
  const firstSamples = Array.from({ length: batchSize }, (_, sample) => sample);
  const rowsTensor = (name: string, value: ValueId, samples: readonly number[], block?: EdgeBlock) => {
    const numColumns = shapeOf(value)[1]!;
    const rows = batchedRows(name, task, samples, numColumns, block);
    return tf.tensor(rows, [rows.length / numColumns, numColumns]);
  };
  for (const [name, value] of Object.entries(program.data)) {
    const blocks = blocksOfData(name, recipe.checkpoint);
    for (const block of blocks) edgeFeatures.set(blockName(block), rowsTensor(name, value, firstSamples, block));
    if (blocks.length === 0) leaves.set(value, rowsTensor(name, value, firstSamples));
  }
  const endpoints = new Map<string, Tensor>();
  for (const each of endpointArrays(recipe.checkpoint)) {
    const all = task.edges[each.edges][each.end];
    const part = each.block === undefined ? all : all.subarray(...blockRange(each.block, all.length));
    const numbers = batchedEndpoints(part, numNodes(each, task), batchSize);
    endpoints.set(endpointsName(each, each.block), tf.tensor1d(numbers, 'int32'));
  }
  const areaWeights = tf.tensor(repeated(task.areaWeights, batchSize), [batchSize * task.counts.gridNodes, 1]);
  const headMatrix = attends(program) ? headMatrixOf(tf, config.model) : undefined;
  const forcingsOf = (samples: readonly number[]) =>
    readsForcings(config) ? forcingRows(tf, task, config, samples) : undefined;
  const arrays = { endpoints, edgeFeatures, areaWeights, headMatrix, forcings: forcingsOf(firstSamples) };
  const ops = libraryOps(tf, (name) => base[name]! * batchSize);
  const context = contextOf(ops, program, recipe, arrays);
  const segments = tapeSegments(program, recipe.checkpoint);
  const optimizer = libraryOptimizer(tf, recipe);
  const gradients = () =>
    accumulatedGradients(ops, recipe.accumulate, () => lossAndGradients(context, program, segments, leaves));
  return {
    parameters,
    gradients,
    load(samples) {
      for (const [name, value] of Object.entries(program.data).filter(([each]) => isOfSamples(each))) {
        leaves.get(value)!.dispose();
        leaves.set(value, rowsTensor(name, value, samples));
      }
      arrays.forcings?.dispose();
      arrays.forcings = forcingsOf(samples);
    },
    evaluate: () =>
      readForward(context, program, segments, leaves, (loss, prediction) => ({
        loss: loss.dataSync()[0]!,
        prediction: Float32Array.from(prediction.dataSync()),
      })),
    step({ optimizerBegins, stepEnds } = silent, learningRate?: number) {
      if (program.loss === undefined) {
        const predictions = evaluateScoped(context, program, program.root, leaves);
        stepEnds();
        ops.dispose(predictions);
        return 0;
      }
      const { loss, gradients: found } = gradients();
      if (recipe.optimizer !== 'none') optimizerBegins();
      optimizer.apply(
        program.parameters.flatMap(({ value }) => {
          const gradient = found.get(value);
          return gradient === undefined ? [] : [{ parameter: parameters.get(value)!, gradient }];
        }),
        learningRate,
      );
      stepEnds();
      const value = loss.dataSync()[0]!;
      ops.dispose([loss, ...found.values()]);
      return value;
    },
    dispose() {
      optimizer.dispose();
      ops.dispose([
        ...leaves.values(),
        ...edgeFeatures.values(),
        ...endpoints.values(),
        areaWeights,
        ...(headMatrix === undefined ? [] : [headMatrix]),
        ...(arrays.forcings === undefined ? [] : [arrays.forcings]),
      ]);
    },
  };
}

/** 1 where a column belongs to a head, `[hiddenDim, heads]`. */
function headMatrixOf(tf: Library, { hiddenDim, heads }: Config['model']): Tensor {
  const columnsPerHead = hiddenDim / heads;
  const rows = Float32Array.from({ length: hiddenDim * heads }, (_, i) =>
    Math.floor(Math.floor(i / heads) / columnsPerHead) === i % heads ? 1 : 0,
  );
  return tf.tensor2d(rows, [hiddenDim, heads]);
}

/** The last channels of the input, for the whole batch: `[batch · gridNodes, inputChannels − outputChannels]`. */
function forcingRows(tf: Library, task: TaskData, { model }: Config, samples: readonly number[]): Tensor {
  const { inputChannels, outputChannels } = model;
  const rows = batchedRows('gridInput', task, samples, inputChannels);
  return tf.tidy(() => {
    const all = tf.tensor2d(rows, [rows.length / inputChannels, inputChannels]);
    return tf.slice(all, [0, outputChannels], [-1, -1]);
  });
}

function numNodes({ edges, end }: Endpoints, { counts }: TaskData): number {
  const readsGrid = (edges === 'grid2mesh' && end === 'senders') || (edges === 'mesh2grid' && end === 'receivers');
  return readsGrid ? counts.gridNodes : counts.meshNodes;
}

function repeated(rows: Float32Array, times: number): Float32Array {
  const all = new Float32Array(rows.length * times);
  for (let i = 0; i < times; i++) all.set(rows, i * rows.length);
  return all;
}

const targetName = /^target(\d+)$/;
const isOfSamples = (name: string): boolean => name === 'gridInput' || targetName.test(name);

/** The data value of that name, or a block of its rows, for the whole batch: `[batch · rows, columns]`. */
function batchedRows(
  name: string,
  task: TaskData,
  samples: readonly number[],
  numColumns: number,
  block?: EdgeBlock,
): Float32Array {
  const target = targetName.exec(name);
  const perSample = (sample: number): Float32Array => {
    if (name === 'gridInput') return task.fields(sample, 0, numColumns);
    if (target !== null) return task.fields(sample, 1 + Number(target[1]), numColumns);
    const rows = task.features[name as keyof TaskData['features']];
    if (rows === undefined) throw new Error(`no data for ${name}`);
    const all = padded(rows, name === 'meshNodeFeatures' ? 3 : 4, numColumns);
    if (block === undefined) return all;
    const [first, end] = blockRange(block, all.length / numColumns);
    return all.subarray(first * numColumns, end * numColumns);
  };
  const rowsOfSamples = samples.map(perSample);
  const all = new Float32Array(samples.length * rowsOfSamples[0]!.length);
  for (const [index, rows] of rowsOfSamples.entries()) all.set(rows, index * rows.length);
  return all;
}

/** DeepMind pads mesh rows with zeros to the grid's width. */
function padded(rows: Float32Array, width: number, numColumns: number): Float32Array {
  if (width === numColumns) return rows;
  const wide = new Float32Array((rows.length / width) * numColumns);
  for (let row = 0; row < rows.length / width; row++)
    wide.set(rows.subarray(row * width, row * width + width), row * numColumns);
  return wide;
}
