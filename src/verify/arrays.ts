/** What a training step reads, on the backend: parameters, samples, edges, weights of the loss. */
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import { type Dimensions, numElements } from '../ir/shape.js';
import type { Endpoints, ValueId } from '../ir/types.js';
import type { ConstantArrays } from '../runtimes/tfjs/context.js';
import {
  blockName,
  blockRange,
  blocksOfData,
  type EdgeBlock,
  endpointArrays,
  endpointsName,
} from '../runtimes/tfjs/edge-blocks.js';
import { attends, readsForcings } from '../runtimes/tfjs/index.js';
import { tensorShape } from '../runtimes/tfjs/shapes.js';
import { batchedEndpoints, type TaskData } from './data.js';
import type { Library, Tensor, Variable } from './library.js';

interface TrainingTask {
  readonly tf: Library;
  readonly config: Config;
  readonly program: ForwardProgram;
  readonly task: TaskData;
  readonly dimensions: Dimensions;
}

/** At first the samples are 0, 1, … */
export class TrainingArrays implements ConstantArrays<Tensor> {
  readonly parameters = new Map<ValueId, Variable>();
  /** Parameters and data. */
  readonly leaves = new Map<ValueId, Tensor>();
  readonly edgeFeatures = new Map<string, Tensor>();
  readonly endpoints = new Map<string, Tensor>();
  readonly areaWeights: Tensor;
  readonly headMatrix: Tensor | undefined;
  forcings: Tensor | undefined;

  /** `initial`: values by the parameters' names, where they don't come from a seed. */
  constructor(
    private readonly of: TrainingTask,
    initial: ReadonlyMap<string, Float32Array> | undefined,
  ) {
    const { tf, config, program, task } = of;
    const { batchSize } = config.recipe;
    const samples = Array.from({ length: batchSize }, (_, sample) => sample);
    this.makeParameters(initial);
    this.makeData(samples);
    this.makeEndpoints();
    this.areaWeights = tf.tensor(repeated(task.areaWeights, batchSize), [batchSize * task.counts.gridNodes, 1]);
    this.headMatrix = attends(program) ? headMatrixOf(tf, config.model) : undefined;
    this.forcings = this.forcingsOf(samples);
  }

  load(samples: readonly number[]): void {
    for (const [name, value] of Object.entries(this.of.program.data).filter(([each]) => isOfSamples(each))) {
      this.leaves.get(value)!.dispose();
      this.leaves.set(value, this.rows(name, value, samples));
    }
    this.forcings?.dispose();
    this.forcings = this.forcingsOf(samples);
  }

  all(): readonly Tensor[] {
    const { leaves, edgeFeatures, endpoints, areaWeights, headMatrix, forcings } = this;
    return [
      ...leaves.values(),
      ...edgeFeatures.values(),
      ...endpoints.values(),
      areaWeights,
      ...(headMatrix === undefined ? [] : [headMatrix]),
      ...(forcings === undefined ? [] : [forcings]),
    ];
  }

  private makeParameters(initial: ReadonlyMap<string, Float32Array> | undefined): void {
    const { tf, program } = this.of;
    const random = randomNumbers(1);
    for (const { value } of program.parameters) {
      const shape = this.shape(value);
      const { name } = program.values[value]!;
      const values = tf.tensor(initial?.get(name) ?? initialValues(name, shape, random), shape);
      const parameter = tf.variable(values, true, `${name} #${value}`);
      values.dispose();
      this.parameters.set(value, parameter);
      this.leaves.set(value, parameter);
    }
  }

  private makeData(samples: readonly number[]): void {
    const { program, config } = this.of;
    for (const [name, value] of Object.entries(program.data)) {
      const blocks = blocksOfData(name, config.recipe.checkpoint);
      for (const block of blocks) this.edgeFeatures.set(blockName(block), this.rows(name, value, samples, block));
      if (blocks.length === 0) this.leaves.set(value, this.rows(name, value, samples));
    }
  }

  private makeEndpoints(): void {
    const { tf, task, config } = this.of;
    const { checkpoint, batchSize } = config.recipe;
    for (const each of endpointArrays(checkpoint)) {
      const all = task.edges[each.edges][each.end];
      const part = each.block === undefined ? all : all.subarray(...blockRange(each.block, all.length));
      const numbers = batchedEndpoints(part, numNodes(each, task), batchSize);
      this.endpoints.set(endpointsName(each, each.block), tf.tensor1d(numbers, 'int32'));
    }
  }

  private shape(value: ValueId): number[] {
    const { program, dimensions } = this.of;
    return tensorShape(program.values[value]!.shape).map((axes) => numElements(axes, dimensions));
  }

  private rows(name: string, value: ValueId, samples: readonly number[], block?: EdgeBlock): Tensor {
    const { tf, task } = this.of;
    const numColumns = this.shape(value)[1]!;
    const rows = batchedRows(name, task, samples, numColumns, block);
    return tf.tensor(rows, [rows.length / numColumns, numColumns]);
  }

  private forcingsOf(samples: readonly number[]): Tensor | undefined {
    const { tf, task, config } = this.of;
    return readsForcings(config) ? forcingRows(tf, task, config, samples) : undefined;
  }
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

/** Numerical Recipes' linear congruential generator, the same on every machine; → uniform in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Weights uniform with variance 1/inputs, biases and offsets 0, scales 1. */
export function initialValues(name: string, shape: readonly number[], random: () => number): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (name.endsWith('.weight')) {
    const reach = Math.sqrt(3 / shape[0]!);
    return values.map(() => (2 * random() - 1) * reach);
  }
  return name.endsWith('.scale') ? values.fill(1) : values;
}
