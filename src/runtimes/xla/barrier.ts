/** What a recomputed block reads behind its barrier, where the order in which kernels run hangs on it (`kernel-order.ts`). */
import { type Block, type Node, operationsOf } from '../../ir/forward-program.js';
import { type Operation, readsOf } from '../../ir/operations.js';
import type { ValueId } from '../../ir/types.js';
import type { Gradients } from './gradients.js';
import type { BufferId } from './kernel.js';
import { isStackedOften, type Lowering } from './lowering.js';
import { buffersOf, type Environment, fusedIntoReaders, inBuffer } from './values.js';

/** Arrays made outside, and the gradients that come in: both have to be arrays. */
export function passBarrier(
  block: Block,
  lowering: Lowering,
  gradients: Gradients,
  environment: Environment,
  again: Environment,
): void {
  const { schedule, program } = lowering;
  const isArray = (id: ValueId) => environment.has(id) && environment.value(id).kind === 'buffer';
  const inside = operationsOf(block.body).flatMap(readsOf);
  const data = new Set(Object.values(program.data));
  const read = [...new Set([...block.inputs, ...inside])].filter(isArray);
  const arrays = read.map((id) => {
    const [array] = buffersOf(environment.value(id)) as [BufferId];
    // The inputs are stacked again: for the forward pass in the kernel that writes a product's operand.
    return data.has(id) && !isStackedOften(lowering, id) ? schedule.again(array) : array;
  });
  const differentiated = block.outputs.filter((id) => gradients.has(id));
  const incoming = differentiated.map((id) => gradients.materialise(id, gradients.of(id), environment));
  const behind = readBehindBarrier(block.body, lowering, again, [...arrays, ...incoming]);
  for (const [index, id] of read.entries()) again.setValue(id, inBuffer(behind[index]!));
  for (const [index, id] of differentiated.entries()) gradients.set(id, [inBuffer(behind[read.length + index]!)]);
}

/** …beside parameters, structural features and indices. → `arrays` behind the barrier */
export function readBehindBarrier(
  body: readonly Node[],
  { schedule, program }: Lowering,
  again: Environment,
  arrays: readonly BufferId[] = [],
): readonly BufferId[] {
  const operations = operationsOf(body);
  const { behind, parameter } = schedule.barrier(arrays, operations.flatMap(parametersOf).length);
  again.setBarrier(parameter);
  const data = new Set(Object.values(program.data));
  const isFeature = (id: ValueId) => data.has(id) && buffersOf(again.value(id)).length === 0;
  for (const id of new Set(operations.flatMap(readsOf).filter(isFeature)))
    again.setValue(id, fusedIntoReaders(inBuffer(parameter())));
  return behind;
}

function parametersOf(operation: Operation): readonly ValueId[] {
  if (operation.kind === 'layerNorm') return [operation.scale, operation.offset];
  if (operation.kind !== 'linear') return [];
  return operation.bias === undefined ? [operation.weight] : [operation.weight, operation.bias];
}
