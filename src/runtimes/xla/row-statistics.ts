/**
 * The statistics of rows that a norm reads, which whoever reads the normalised rows reads too. Behind a barrier each kernel is one more to wait for
 * (`kernel-order.ts`), so that there they are told apart.
 */
import { type ForwardProgram, operationsOf } from '../../ir/forward-program.js';
import type { OperationOf } from '../../ir/operations.js';
import { axis, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { Forward } from './forward.js';
import { mostTritonBlocks } from './gemm.js';
import type { BufferId } from './kernel.js';
import { launchBytes } from './kernel-times.js';
import type { Lowering } from './lowering.js';
import { statisticsShape } from './symbols.js';
import { buffersOf, type Environment, fusedIntoReaders, inBuffer } from './values.js';

const f32 = 4;
/** Edges that several of the mesh's nodes gather. */
const summedInMesh: readonly string[] = ['meshEdges', 'grid2meshEdges'];

export function normalise(
  operation: OperationOf<'layerNorm'>,
  environment: Environment,
  lowering: Lowering,
  forward: Forward,
): void {
  const { input, output } = operation;
  const { schedule } = lowering;
  const rows = environment.value(input);
  const name = forward.name(output);
  if (isNormalisedByTriton(input, environment, lowering, forward)) {
    // Nothing else is saved: the gradient's kernel, Triton's too, makes the statistics again.
    const normalised = forward.array(forward.shape(output, environment));
    schedule.run(name, [...buffersOf(rows), ...environment.parameter()], [normalised], 'triton');
    environment.setStatistics(operation);
    environment.setValue(output, inBuffer(normalised));
    return;
  }
  const statistics = environment.isBehind
    ? told(operation, environment, lowering, forward)
    : [forward.array(statisticsShape(forward.rows(input, environment)), forward.statisticsBytes)];
  if (!environment.isBehind) schedule.run(name, buffersOf(rows), statistics);
  environment.setStatistics(operation, ...statistics);
  environment.setValue(output, fusedIntoReaders(rows, ...statistics.map(inBuffer)));
}

/** In f32 rows are normalised and written in one kernel, where they are recomputed. */
function isNormalisedByTriton(
  rows: ValueId,
  environment: Environment,
  { gemm, sizes }: Lowering,
  forward: Forward,
): boolean {
  if (!environment.isBehind || gemm.elementBytes !== f32 || !gemm.hasTriton) return false;
  return numElements(forward.shape(rows, environment).slice(0, 2), sizes!) <= mostTritonBlocks;
}

/** The mean of each row, its variance, and what readers do not cast themselves. */
function told(
  { input, output }: OperationOf<'layerNorm'>,
  environment: Environment,
  lowering: Lowering,
  forward: Forward,
): readonly BufferId[] {
  const { schedule, sizes, gemm } = lowering;
  const reads = buffersOf(environment.value(input));
  const shape = statisticsShape(forward.rows(input, environment));
  const name = forward.name(output);
  const bytes = numElements(forward.shape(input, environment), sizes!) * gemm.elementBytes;
  const [mean, variance] = [forward.array(shape, f32), forward.array(shape, f32)];
  schedule.run(name, reads, [mean], undefined, bytes);
  schedule.run(name, [...reads, mean], [variance], undefined, bytes);
  const casts = castsOf(input, environment, lowering, forward);
  const cast = (statistic: BufferId) => {
    const result = forward.array(shape);
    schedule.run(`cast ${name}`, [statistic], [result]);
    return result;
  };
  const read = [casts.mean ? cast(mean) : mean, casts.deviation ? cast(variance) : variance];
  return [...read, ...environment.parameter()];
}

/**
 * Which statistics a kernel of its own casts to bf16: both where the rows take longer to read than a launch (compiled steps of two samples: of
 * 1.97 and 3.18 MB none, of 5.6 MB both); behind a barrier the deviation of what is summed in the mesh's nodes too (of 0.98 and 1.31 MB, not of
 * 0.65), and of one sample's embedded grid nodes (of 1.02 MB and more in 40 compiled steps, not of 0.68 and less).
 */
export function castsOf(
  rows: ValueId,
  environment: Environment,
  { gemm, sizes, program }: Lowering,
  forward: Forward,
): { readonly mean: boolean; readonly deviation: boolean } {
  if (gemm.elementBytes === f32) return { mean: false, deviation: false };
  const { symbol } = program.values[rows]!.shape[0]!;
  const launches = (numElements(forward.shape(rows, environment), sizes!) * gemm.elementBytes) / launchBytes;
  const isSummed = environment.isBehind && launches > 0.25 && summedInMesh.includes(symbol);
  const isOfOne = numElements([axis('batch')], sizes!) === 1;
  const isEmbedded = isOfOne && symbol === 'gridNodes' && launches > 0.3 && gatheredIn(program).has(rows);
  return { mean: launches >= 1, deviation: launches >= 1 || isSummed || isEmbedded };
}

const gatheredRows = new WeakMap<ForwardProgram, ReadonlySet<ValueId>>();

/** What a norm reads whose rows edges gather as they are: those of an embedder. */
function gatheredIn(program: ForwardProgram): ReadonlySet<ValueId> {
  const known = gatheredRows.get(program);
  if (known !== undefined) return known;
  const operations = operationsOf([program.root]);
  const gathered = new Set(operations.flatMap((each) => (each.kind === 'gather' ? [each.input] : [])));
  const rows = new Set(
    operations.flatMap((each) => (each.kind === 'layerNorm' && gathered.has(each.output) ? [each.input] : [])),
  );
  gatheredRows.set(program, rows);
  return rows;
}
