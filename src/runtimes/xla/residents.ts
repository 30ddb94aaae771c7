/**
 * Arguments of the jitted step: parameters and AdamW's two moments in f32 (donated: the results are written over them), inputs,
 * targets and forcings as fields in f32 (graphcast 08cf736, data_utils.py; optax.adamw; jax.jit donate_argnums).
 */
import { numMomentsOf } from '../../config/choices.js';
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import { axis, constant, type Shape } from '../../ir/shape.js';
import type { BufferId } from './kernel.js';
import type { Schedule } from './schedule.js';
import { fields, numStaticFields } from './symbols.js';

const rows = axis('gridNodes');
const samples = axis('batch');
const targetFields = 'target fields';
const data: readonly (readonly [string, Shape])[] = [
  ['input fields', [rows, samples, fields.inputs]],
  ['static fields', [rows, constant(numStaticFields)]],
  [targetFields, [rows, samples, fields.targets]],
  ['forcing fields', [rows, samples, fields.forcings]],
  ['clocks', [samples, axis('clockValues')]],
];

/** Returns the fields that the step reads. */
export function allocateResidents(
  program: ForwardProgram,
  schedule: Schedule,
  { optimizer, mode, accumulate }: Recipe,
): BufferId[] {
  const resident = (name: string, shape: Shape, category: 'parameter' | 'optimizer' | 'input') => {
    const buffer = schedule.buffer(shape, 4, category);
    schedule.run(name, [], [buffer]);
    schedule.keepToTheEnd(buffer);
    return buffer;
  };
  for (const { value, module, used } of program.parameters) {
    // jit leaves arguments out that nothing reads.
    if (!used && (optimizer === 'none' || mode === 'inference')) continue;
    const { name, shape } = program.values[value]!;
    schedule.within({ module }, () => resident(name, shape, 'parameter'));
    if (mode === 'inference') continue;
    schedule.within({ module: 'optimizer' }, () => {
      for (let moment = 0; moment < numMomentsOf(optimizer); moment++)
        resident(`moment of ${name}`, shape, 'optimizer');
      // optax.MultiSteps: the mean of the gradients so far, in f32 (transforms/_accumulation.py, `acc_grads`).
      if (accumulate > 1 && optimizer !== 'none') resident(`accumulated gradient of ${name}`, shape, 'optimizer');
    });
  }
  const stated = program.residents?.flatMap((each) =>
    each.kind === 'buffer' ? [[each.name, each.shape] as const] : [],
  );
  return schedule.within({ module: 'inputs' }, () =>
    (stated ?? (mode === 'inference' ? data.filter(([name]) => name !== targetFields) : data)).map(([name, shape]) =>
      resident(name, shape, 'input'),
    ),
  );
}
