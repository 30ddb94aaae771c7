/** Runs a forward program on any `Ops`, in the order in which it is written. */
import type { Block, ForwardProgram, Node } from '../../ir/forward-program.js';
import type { Module, ValueId } from '../../ir/types.js';
import type { Context } from './context.js';
import { applyRule } from './rules.js';

/** Where an operation stands, for the names in a trace: the nearest call frame with a meaning of its own. */
interface Place {
  readonly name: string;
  readonly module: Module;
}

const outside: Place = { name: '', module: 'other' };
const placeIn = (block: Block, outer: Place): Place => ({
  name: block.role.kind === 'frame' ? outer.name : block.name,
  module: block.module,
});

/** What follows belongs to the rollout step of that block, where it is one. */
export function beginStep<T>({ ops }: Context<T>, block: Block | undefined): void {
  if (block?.role.kind === 'model') ops.beginStep?.(block.role.rolloutStep, block.times ?? 1);
}

/** Everything that is made stays until the caller's scope ends, as on a tape. */
export function evaluate<T>(
  context: Context<T>,
  program: ForwardProgram,
  nodes: readonly Node[],
  values: Map<ValueId, T>,
  place = outside,
): void {
  for (const node of nodes) {
    if (node.kind === 'block') {
      beginStep(context, node);
      evaluate(context, program, node.body, values, placeIn(node, place));
    } else if (node.kind !== 'drop') {
      context.ops.enter(`${place.name} ${program.values[node.output]!.name}`.trim(), place.module);
      values.set(
        node.output,
        applyRule(context, node, (id) => values.get(id)!),
      );
    }
  }
}

/** Every call frame disposes what it does not return, as inference code under `tf.tidy` does. → the block's outputs */
export function evaluateScoped<T>(
  context: Context<T>,
  program: ForwardProgram,
  block: Block,
  known: ReadonlyMap<ValueId, T>,
  outer = outside,
): readonly T[] {
  const place = placeIn(block, outer);
  return context.ops.tidy(() => {
    const values = new Map(known);
    for (const node of block.body) {
      if (node.kind === 'block') {
        beginStep(context, node);
        const outputs = evaluateScoped(context, program, node, values, place);
        for (const [i, id] of node.outputs.entries()) values.set(id, outputs[i]!);
      } else evaluate(context, program, [node], values, place);
    }
    return block.outputs.map((id) => values.get(id)!);
  });
}
