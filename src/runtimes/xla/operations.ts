import type { Operation, ValueId } from '../../ir/types.js';

/** Values an operation reads, parameters excepted. */
export function readsOf(operation: Operation): readonly ValueId[] {
  switch (operation.kind) {
    case 'linear':
    case 'activation':
    case 'layerNorm':
    case 'gather':
    case 'segmentSum':
    case 'segmentMax':
    case 'scale':
    case 'shift':
    case 'exp':
    case 'headSum':
    case 'addBias':
      return [operation.input];
    case 'concat':
      return operation.inputs;
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
      return [operation.left, operation.right];
    case 'headScale':
      return [operation.input, operation.weights];
    case 'loss':
      return [operation.prediction];
    default:
      throw new Error(`${operation.kind} is an operation that only PyTorch runs`);
  }
}
