/** Norms without parameters of their own, in denoisers and the generative networks that are made as they are. */
import type { Operation, OperationOf } from '../../ir/operations.js';
import { axis, type Dimensions, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { Forward } from './forward.js';
import { mostTritonBlocks } from './gemm.js';
import type { Lowering } from './lowering.js';
import { statisticsShape } from './symbols.js';
import { buffersOf, type Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

const f32 = 4;
const samples = axis('batch');

/** The normalised rows have an array of their own. */
export function keepsNormalised({ gemm, program }: Lowering, id: ValueId, sizes: Dimensions): boolean {
  const [rowsOf] = program.values[id]!.shape;
  if (gemm.elementBytes !== f32 || !gemm.hasTriton || rowsOf!.symbol === 'meshNodes') return false;
  return numElements([rowsOf!, samples], sizes) <= mostTritonBlocks;
}

/** The forward pass of networks with such norms. */
export abstract class NormsForward extends Forward {
  protected override operation(operation: Operation, environment: Environment): void {
    switch (operation.kind) {
      case 'condition':
      case 'resizeRows':
        environment.setValue(operation.output, fusedIntoReaders(environment.value(operation.input)));
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /** Mean and deviation of every row are written in f32, and whoever reads the rows normalises them. */
  protected normalisedByReaders(
    { input, output }: OperationOf<'normalize'>,
    rowsOfInput: Representation,
    environment: Environment,
  ): void {
    const shape = statisticsShape(this.rows(input, environment));
    const statistics = [this.array(shape, f32), this.array(shape, f32)];
    this.lowering.schedule.run(this.name(output), buffersOf(rowsOfInput), statistics);
    environment.setValue(output, fusedIntoReaders(rowsOfInput, ...statistics.map(inBuffer)));
  }

  /** The kernel that sums over rows also writes them, where they are a sum of several arrays: a product's result serves as it is. */
  protected summedRows(id: ValueId, environment: Environment): Representation {
    const value = environment.value(id);
    return buffersOf(value).length === 1 ? value : inBuffer(this.materialise(id, environment));
  }
}
