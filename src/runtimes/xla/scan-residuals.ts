/**
 * Rollout without gradient checkpointing: what `scan` keeps for its backward loop are JAX's own linearisation residuals, one stack
 * `[rollout steps, …]` per array, as they are: XLA neither fuses nor recomputes across the loop's border. Per activation:
 * what it reads, the sigmoid, its complement's product with that, and the result; per LayerNorm: the centred rows, also in f32, and the
 * scaled deviation; the operand of a product that is neither. What does not depend on the step's input (edge embedders) is kept once. The bias of every other
 * product is broadcast to all rows, once, outside the loop. Read off the compiled step; see docs/jax.md.
 *
 * The body writes its part of all stacks at its end (`dynamic-update-slice` in place, copy_insertion.cc), from products and segment sums,
 * which live until then: `sources`.
 */

import { type ForwardProgram, type Node, operationsOf } from '../../ir/forward-program.js';
import { readsOf } from '../../ir/operations.js';
import { axis, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { BufferId } from './kernel.js';
import type { Lowering } from './lowering.js';

const steps = axis('rolloutSteps');
/** Of a stack; outside of the loop what an activation reads is the product, and a norm's result is kept as well. */
const arrays = { perActivation: 4, perLayerNorm: 2 };

export function residualsOfScan(
  program: ForwardProgram,
  body: readonly Node[],
  { schedule, gemm }: Lowering,
): { readonly stacks: readonly BufferId[]; readonly sources: readonly ValueId[] } {
  const operations = operationsOf(body);
  const ofStep = new Set<ValueId>([program.data.gridInput!]);
  const activated = new Set<ValueId>();
  const kept: BufferId[] = [];
  const sources: ValueId[] = [program.data.gridInput!];
  const keep = (shape: Shape, varies: boolean, count = 1, elementBytes: number = gemm.elementBytes) => {
    for (let i = 0; i < count; i++) kept.push(schedule.buffer(varies ? [steps, ...shape] : shape, elementBytes));
  };
  for (const operation of operations) {
    const reads = readsOf(operation);
    const varies = reads.some((id) => ofStep.has(id));
    const { shape } = program.values[operation.output]!;
    if (varies) ofStep.add(operation.output);
    if (varies && (operation.kind === 'linear' || operation.kind === 'segmentSum')) sources.push(operation.output);
    if (operation.kind === 'activation') {
      activated.add(operation.output);
      keep(shape, varies, varies ? arrays.perActivation : arrays.perActivation - 1);
    } else if (operation.kind === 'layerNorm') {
      keep(shape, varies, varies ? arrays.perLayerNorm : arrays.perLayerNorm + 1);
      keep(shape, varies, 1, 4);
    } else if (operation.kind === 'linear') {
      if (varies && !activated.has(operation.input)) keep(program.values[operation.input]!.shape, varies);
      // The broadcast bias; or, outside of the loop, the product itself.
      keep(shape, false);
    } else if (operation.kind === 'loss') keep(program.values[operation.prediction]!.shape, varies);
  }
  schedule.run('stacks of residuals', [], kept);
  return { stacks: kept, sources };
}
