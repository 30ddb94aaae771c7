/**
 * Rollout without gradient checkpointing: what `scan` keeps for its backward loop are JAX's own linearisation residuals, one stack
 * `[rollout steps, …]` per array, as they are: XLA neither fuses nor recomputes across the loop's border. Per activation:
 * the sigmoid, its product with the input, and the result; per LayerNorm: three arrays and the centred rows in f32; the operand
 * of a product that is neither. What does not depend on the step's input (edge embedders) is kept once. The bias of every other
 * product is broadcast to all rows, once, outside the loop. Read off the compiled step; see docs/jax.md.
 */

import { type ForwardProgram, type Node, operationsOf } from '../../ir/forward-program.js';
import { readsOf } from '../../ir/operations.js';
import { axis, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { Lowering } from './forward.js';
import type { BufferId } from './schedule.js';

const steps = axis('rolloutSteps');
const arraysPerActivation = 3;
const arraysPerLayerNorm = 3;

export function residualsOfScan(
  program: ForwardProgram,
  body: readonly Node[],
  { schedule, gemm }: Lowering,
): readonly BufferId[] {
  const operations = operationsOf(body);
  const ofStep = new Set<ValueId>([program.data.gridInput!]);
  const activated = new Set<ValueId>();
  const kept: BufferId[] = [];
  const keep = (shape: Shape, varies: boolean, count = 1, elementBytes: number = gemm.elementBytes) => {
    for (let i = 0; i < count; i++) kept.push(schedule.buffer(varies ? [steps, ...shape] : shape, elementBytes));
  };
  for (const operation of operations) {
    const reads = readsOf(operation);
    const varies = reads.some((id) => ofStep.has(id));
    const { shape } = program.values[operation.output]!;
    if (varies) ofStep.add(operation.output);
    if (operation.kind === 'activation') {
      activated.add(operation.output);
      keep(shape, varies, arraysPerActivation);
    } else if (operation.kind === 'layerNorm') {
      keep(shape, varies, arraysPerLayerNorm);
      keep(shape, varies, 1, 4);
    } else if (operation.kind === 'linear') {
      if (varies && !activated.has(operation.input)) keep(program.values[operation.input]!.shape, varies);
      // The broadcast bias; or, outside of the loop, the product itself.
      keep(shape, false);
    } else if (operation.kind === 'loss') keep(program.values[operation.prediction]!.shape, varies);
  }
  schedule.run('stacks of residuals', [], kept);
  return kept;
}
