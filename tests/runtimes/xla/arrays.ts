/** Predicted and compiled arrays at the peak, matched by shape. */
import { readFileSync } from 'node:fs';
import { numElements } from '../../../src/ir/shape.js';
import { aliveAfter, liveness } from '../../../src/memory/liveness.js';
import { bufferBytes, categories } from '../../../src/memory/trace.js';
import { dimensionsOf } from '../../../src/models/dimensions.js';
import { forwardProgram } from '../../../src/models/index.js';
import { jaxRuntime } from '../../../src/runtimes/xla/index.js';
import { configOf, countsOf, type JaxRecord } from './records.js';

/** Type, shape, bytes, first and last instruction. */
type CompiledArray = readonly [string, readonly number[], number, number, number];

interface CompiledStep extends JaxRecord {
  readonly kind: string;
  readonly live_bytes: number;
  readonly instructions: number;
  readonly arrays: readonly CompiledArray[];
}

export const compiledSteps = readFileSync('tests/data/xla-arrays.jsonl', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line) as CompiledStep);

/** Axes of length one say nothing, and XLA holds some matrices transposed. */
const keyOf = (elementBytes: number, shape: readonly number[]): string =>
  `${elementBytes} ${shape.filter((length) => length > 1).sort((a, b) => b - a)}`;

/** XLA holds some rows of grid nodes as latitudes and longitudes: `[lat, lon, channels]` is `[gridNodes, channels]`. */
function withGridNodes(shape: readonly number[], grid: readonly number[]): readonly number[] {
  const [latitudes, longitudes] = grid.map((length) => shape.indexOf(length));
  if (latitudes === -1 || longitudes === -1) return shape;
  return [grid[0]! * grid[1]!, ...shape.filter((_, index) => index !== latitudes && index !== longitudes)];
}

interface Counted {
  readonly bytes: number;
  count: number;
}

function countOf(arrays: readonly (readonly [string, number])[]): Map<string, Counted> {
  const counts = new Map<string, Counted>();
  for (const [key, bytes] of arrays) {
    const found = counts.get(key);
    if (found) found.count += 1;
    else counts.set(key, { bytes, count: 1 });
  }
  return counts;
}

const bytesPerElement: Readonly<Record<string, number>> = { bf16: 2, f32: 4, s32: 4, s8: 1, pred: 1 };
const inArguments = ['parameter', 'optimizer', 'input'];

/** Ours, in XLA's arena: neither arguments nor results. */
function predictedArrays(record: JaxRecord): readonly (readonly [string, number])[] {
  const config = configOf(record);
  const program = forwardProgram(config.model, config.recipe, jaxRuntime.segment(config));
  const dimensions = jaxRuntime.dimensions(dimensionsOf(config, countsOf(record)), config);
  const trace = jaxRuntime.trace(program, config);
  const bytesOf = bufferBytes(trace, dimensions);
  const { peak } = liveness(trace, dimensions, bytesOf);
  return aliveAfter(trace, peak.event)
    .filter((id) => !inArguments.includes(categories[trace.bufferCategory[id]!]!))
    .filter((id) => trace.operations[trace.bufferOperation[id]!] !== 'memory of a result')
    .map((id) => {
      const { shape, elementBytes } = trace.layouts[trace.bufferLayout[id]!]!;
      const lengths = shape.map((axis) => numElements([axis], dimensions));
      return [keyOf(elementBytes, lengths), bytesOf[id]!] as const;
    });
}

export interface Difference {
  /** Bytes of an element, then the shape. */
  readonly array: string;
  readonly compiled: number;
  readonly predicted: number;
  readonly bytes: number;
}

export interface ArraysCompared {
  readonly kind: string;
  readonly compiledBytes: number;
  /** Of the compiled bytes, those of arrays that are predicted. */
  readonly matchedBytes: number;
  /** The largest first. */
  readonly differences: readonly Difference[];
}

export function compareArrays(step: CompiledStep): ArraysCompared {
  const compiled = countOf(
    step.arrays.map(([type, shape, bytes]) => [keyOf(bytesPerElement[type]!, withGridNodes(shape, step.grid)), bytes]),
  );
  const predicted = countOf(predictedArrays(step));
  let matchedBytes = 0;
  const differences: Difference[] = [];
  for (const array of new Set([...compiled.keys(), ...predicted.keys()])) {
    const [theirs, ours] = [compiled.get(array), predicted.get(array)];
    const [numTheirs, numOurs] = [theirs?.count ?? 0, ours?.count ?? 0];
    const bytes = (theirs ?? ours)!.bytes;
    matchedBytes += Math.min(numTheirs, numOurs) * bytes;
    if (numTheirs !== numOurs) differences.push({ array, compiled: numTheirs, predicted: numOurs, bytes });
  }
  const size = ({ compiled: a, predicted: b, bytes }: Difference) => Math.abs(a - b) * bytes;
  differences.sort((a, b) => size(b) - size(a));
  const compiledBytes = step.arrays.reduce((sum, [, , bytes]) => sum + bytes, 0);
  return { kind: step.kind, compiledBytes, matchedBytes, differences };
}

const numShown = 5;

export function arraysTable(compared: readonly ArraysCompared[]): string {
  const rows = compared.flatMap(({ kind, compiledBytes, matchedBytes, differences }) => {
    const matched = `${((100 * matchedBytes) / compiledBytes).toFixed(2)} %`;
    return differences.slice(0, numShown).map(({ array, compiled, predicted, bytes }, index) => {
      const [elementBytes, shape] = array.split(' ');
      const head = index === 0 ? `${kind} | ${(compiledBytes / 2 ** 30).toFixed(3)} | ${matched}` : ' | | ';
      return `| ${head} | [${shape?.replaceAll(',', ', ')}] of ${elementBytes} bytes | ${compiled} | ${predicted} | ${(bytes / 2 ** 20).toFixed(1)} |`;
    });
  });
  return [
    '| step | arena GiB | matched by shape | largest differences | compiled | predicted | MiB each |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
