/** What a trace is lowered with, and which operations have no rule. */
import { InputError } from '../../errors.js';
import { type ForwardProgram, operationsOf } from '../../ir/forward-program.js';
import type { OperationKind } from '../../ir/operations.js';
import { axis, type Dimensions, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { Gemm } from './gemm.js';
import type { BufferId } from './kernel.js';
import type { Rule } from './rules.js';
import type { Schedule } from './schedule.js';
import type { Zeros } from './zeros.js';

export interface Lowering {
  readonly program: ForwardProgram;
  readonly schedule: Schedule;
  readonly gemm: Gemm;
  readonly zeros: Zeros;
  /** Whether the rule holds in this trace. */
  readonly has: (rule: Rule) => boolean;
  /** Whether gradients meet those of other cards. */
  readonly meets: boolean;
  /** …in the step itself, whose kernels are put in XLA's order (`kernel-order.ts`). */
  readonly isOrdered: boolean;
  /** Where kernels are put in order. */
  readonly sizes?: Dimensions;
  /** Where a parameter's gradient is a result of the step. */
  readonly resultOf?: (parameter: ValueId) => BufferId;
}

const withRule: readonly OperationKind[] = [
  'linear',
  'activation',
  'layerNorm',
  'gather',
  'segmentSum',
  'segmentMax',
  'concat',
  'add',
  'subtract',
  'multiply',
  'divide',
  'scale',
  'shift',
  'exp',
  'headSum',
  'headScale',
  'addBias',
  'loss',
];

/** Those of `denoiser.ts` and `ensemble.ts`. */
const withRuleWhereConditioned: readonly OperationKind[] = ['normalize', 'condition', 'blockAttention', 'resizeRows'];

/** On a noise level or on noise: attention's arrays beside a graph's leave gaps, and the program states what it closes over. */
export const isConditioned = ({ denoiser, ensemble }: ForwardProgram): boolean =>
  denoiser !== undefined || ensemble === true;

/** The input fields of several samples, where kernels are put in order: every product has them row by row and channel by channel for itself. */
export const isStackedOften = ({ program, sizes }: Lowering, id: ValueId | undefined): boolean =>
  sizes !== undefined && id === program.data.gridInput && numElements([axis('batch')], sizes) > 1;

/** Before a step of it is traced, in whatever mode. */
export function refuseWithoutRule(program: ForwardProgram): void {
  const { root } = program;
  const known = isConditioned(program) ? [...withRule, ...withRuleWhereConditioned] : withRule;
  const unknown = operationsOf([root]).find(({ kind }) => !known.includes(kind));
  if (unknown !== undefined)
    throw new InputError('not-in-xla', `XLA has no rule for the operation ${unknown.kind}.`, ['--runtime pytorch']);
}
