/** Sizes that only XLA's step has: padded rows and columns, the fields of the data sets, edges per recomputed block. */
import type { Config } from '../../config/types.js';
import { type Axis, axis, type Dimensions, type Shape } from '../../ir/shape.js';
import { attentionSizes } from './attention-arrays.js';
import { gemmOf } from './gemm.js';
import { type LossHeadWidth, lossHeadWidths } from './loss-head-width.js';
import type { Rule } from './rules.js';

const rowSymbols = ['gridNodes', 'meshNodes', 'meshEdges', 'grid2meshEdges', 'mesh2gridEdges'] as const;

/**
 * Channels of one grid row that are not a field of the data sets: sine and cosine of year and day progress, which are vectors,
 * at three times, and cos θ, cos φ, sin φ of the grid; google-deepmind/graphcast 08cf736, graphcast.py TASK, model_utils.py.
 */
const numStructuralChannels = 3;
const numClockVariables = 4;
const numInputTimes = 2;
const numChannelsWithoutField = numStructuralChannels + numClockVariables * (numInputTimes + 1);
/** Geopotential at the surface and land-sea mask: without batch axis. */
export const numStaticFields = 2;
/** Solar radiation at the target time. */
const numForcingFields = 1;

/** `[rows·batch]`, rounded up to what the matrix product wants. */
export const paddedRows = (symbol: string): Axis => axis(`padded.${symbol}`);
const columnSymbols = ['inputChannels', 'outputChannels', 'nodeAndEdgeFeatures'] as const;
export const paddedColumns = (columns: Axis): Axis =>
  columnSymbols.some((symbol) => symbol === columns.symbol)
    ? axis(`padded.${columns.symbol}`, columns.factor)
    : columns;
const sharedRows = (symbol: string): string => `shared.${symbol}`;
/** Rows of one recomputed slice of the edges. */
const sliceOf = (symbol: string): string => `slice.${symbol}`;
export const sliceRows =
  (edges: string) =>
  (symbol: string): string =>
    symbol === edges ? sliceOf(symbol) : symbol;

export const fields = {
  /** Per grid node and sample: two input times of every prognostic variable, solar radiation. */
  inputs: axis('inputFields'),
  /** All target times. */
  targets: axis('targetFields'),
  forcings: axis('forcingFields'),
  /** Prognostic variables that the autoregressive loop carries, at both input times. */
  carry: axis('carryFields'),
  /** Input channels that come from data: all but the grid's structural ones. */
  stacked: axis('stackedChannels'),
  /** …of every rollout step, kept for the backward loop. */
  carries: axis('carriesOfAllSteps'),
  /** Pressure levels of one atmospheric variable. */
  levels: axis('levels'),
  /** Predicted variables without levels; of these and their like the fields that a loop carries. */
  surface: axis('surfaceFields'),
  surfaceCarry: axis('surfaceCarryFields'),
} as const;

export const workspaceShape: Shape = [axis('workspaceBytes')];
/** Mean and reciprocal deviation of every row. */
export const statisticsShape = (rows: string): Shape => intern(rows, () => [axis(rows), axis('batch')]);
export const numAtmosphericVariables = 6;
/** What meets in the loss beside the prediction and its gradient. */
export const lossHead = {
  differences: axis('lossHead.differences'),
  /** Gradients of variables, each padded to the width of the prediction. */
  padded: axis('lossHead.padded'),
} as const;
export const numSurfaceVariables = 5;

/** Equal shapes are one object: a trace finds a shape's layout by identity first, and asks thousands of times. */
const interned = new Map<string, Shape>();
function intern(key: string, make: () => Shape): Shape {
  let shape = interned.get(key);
  if (shape === undefined) {
    shape = make();
    interned.set(key, shape);
  }
  return shape;
}

/** Shape of a GEMM operand or result, batch folded into the rows: `[padded rows, columns]`. `shared`: by all samples. */
export const gemmShape = (rows: string, columns: Axis, shared = false): Shape =>
  intern(`${rows}|${columns.symbol}|${columns.factor}|${shared}`, () => [
    paddedRows(shared ? sharedRows(rows) : rows),
    paddedColumns(columns),
  ]);

const ceilTo = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** `without`: the rule that is left out, to see what it is worth. */
export function jaxDimensions(base: Dimensions, config: Config, without?: Rule): Dimensions {
  const { model, recipe } = config;
  const { padding, workspaceBytes } = gemmOf(config);
  const numSlices = recipe.checkpoint.edges.kind === 'none' ? 1 : recipe.checkpoint.edges.blocks;
  const inputFields = Math.max(numStaticFields + 1, model.inputChannels - numChannelsWithoutField - numForcingFields);
  const carryFields = Math.max(1, inputFields - numStaticFields - numInputTimes);
  const levels = Math.max(0, Math.floor((model.outputChannels - numSurfaceVariables) / numAtmosphericVariables));
  const atmosphericFields = numAtmosphericVariables * levels;
  const own: Record<string, number> = {
    levels,
    surfaceFields: model.outputChannels - atmosphericFields,
    surfaceCarryFields: Math.max(0, carryFields - numInputTimes * atmosphericFields),
    stackedChannels: Math.max(1, model.inputChannels - numStructuralChannels),
    inputFields: inputFields - numStaticFields,
    targetFields: model.outputChannels * recipe.rolloutSteps,
    forcingFields: numForcingFields * recipe.rolloutSteps,
    carryFields,
    carriesOfAllSteps: carryFields * recipe.rolloutSteps,
    clockValues: numClockVariables * (numInputTimes + recipe.rolloutSteps),
    rolloutSteps: recipe.rolloutSteps,
    ...attentionSizes(base, padding),
    ...lossHeadColumns(config, lossHeadWidths(config, without)),
    edgeSlices: numSlices,
    workspaceBytes,
    featureCopies: recipe.batchSize > 1 ? recipe.batchSize : 0,
  };
  for (const symbol of columnSymbols) own[`padded.${symbol}`] = ceilTo(base[symbol]!, padding);
  const rowsOfAttention = base.attentionRows === undefined ? [] : ['attentionRows', 'one'];
  for (const symbol of [...rowSymbols, ...rowsOfAttention]) {
    const rows = base[symbol]!;
    own[`padded.${symbol}`] = ceilTo(rows * base.batch!, padding);
    own[`padded.${sharedRows(symbol)}`] = ceilTo(rows, padding);
    const rowsOfSlice = Math.ceil(rows / numSlices);
    own[sliceOf(symbol)] = rowsOfSlice;
    own[`padded.${sliceOf(symbol)}`] = ceilTo(rowsOfSlice * base.batch!, padding);
  }
  // A code base that knows its fields states them.
  return { ...own, ...base };
}

/** Of each symbol of `lossHead`, in channels of one grid row; of several widths those of their middle. */
export function lossHeadColumns(
  { model: { outputChannels } }: Pick<Config, 'model'>,
  widths: readonly LossHeadWidth[],
): Readonly<Record<string, number>> {
  const levels = Math.max(1, (outputChannels - numSurfaceVariables) / numAtmosphericVariables);
  const middle = (channels: (width: LossHeadWidth) => number): number =>
    Math.ceil(widths.reduce((sum, width) => sum + channels(width), 0) / widths.length);
  return {
    [lossHead.differences.symbol]: middle((width) => width.differences * levels),
    [lossHead.padded.symbol]: middle((width) => (width.wide - 1) * outputChannels),
  };
}
