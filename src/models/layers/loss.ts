import type { ProgramBuilder } from '../../ir/builder.js';
import type { OperationOf } from '../../ir/operations.js';
import type { ValueId } from '../../ir/types.js';

/** `[gridNodes, outputChannels]`, what a rollout step should predict. */
export const declareTarget = (builder: ProgramBuilder, rolloutStep: number): ValueId =>
  builder.input(`target${rolloutStep}`, builder.rows('gridNodes', 'outputChannels'));

export function lossOf(
  builder: ProgramBuilder,
  prediction: ValueId,
  target: ValueId,
  kernel?: NonNullable<OperationOf<'loss'>['kernel']>,
): ValueId {
  const spec = { name: 'loss', role: { kind: 'loss' }, module: 'loss' } as const;
  const operation = { kind: 'loss', prediction, target, ...(kernel && { kernel }) } as const;
  const [loss] = builder.call(spec, { prediction }, () => [builder.emit(builder.scalar(), 'loss', operation)]);
  return loss!;
}
