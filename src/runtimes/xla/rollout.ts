/**
 * Several autoregressive steps: `hk.scan` over the step, one loop forward and one backward (graphcast 08cf736, autoregressive.py).
 * A loop body's arrays exist once, whatever the number of steps; what grows with it is what the loops carry, in f32.
 */

import type { Block, ForwardProgram } from '../../ir/forward-program.js';
import { axis, type Shape } from '../../ir/shape.js';
import type { BufferId } from './kernel.js';
import type { Schedule } from './schedule.js';
import { fields } from './symbols.js';

const rows = axis('gridNodes');
const samples = axis('batch');
/** Both input times of every prognostic variable. */
export const carryShape: Shape = [rows, samples, fields.carry];
const carriesShape: Shape = [rows, samples, fields.carries];
const targetsShape: Shape = [rows, samples, fields.targets];
const targetShape: Shape = [rows, samples, axis('outputChannels')];
const f32 = 4;

/** Model and loss of the first step: the loops' body. */
export function loopBody(program: ForwardProgram): readonly Block[] {
  const blocks = program.root.body.filter((node): node is Block => node.kind === 'block');
  return blocks.filter(({ role }) => role.kind === 'model' || role.kind === 'loss').slice(0, 2);
}

/** The arrays that live outside of the loops' bodies. */
export class LoopState {
  /** Targets, one step after the other. */
  private readonly targets: BufferId;
  /** The input of every step, kept for the backward loop. */
  private readonly carries: BufferId;
  private readonly carry: BufferId;

  constructor(
    private readonly schedule: Schedule,
    data: readonly BufferId[],
  ) {
    this.targets = schedule.buffer(targetsShape, f32);
    this.carries = schedule.buffer(carriesShape, f32);
    this.carry = schedule.buffer(carryShape, f32);
    schedule.run('targets by rollout step', data, [this.targets]);
    schedule.run('inputs of every rollout step', data, [this.carries, this.carry]);
  }

  forwardBody(prediction: readonly BufferId[], residuals: readonly BufferId[]): void {
    const reads = [...prediction, ...residuals, this.carry, this.targets];
    this.schedule.run('input of the next rollout step', reads, [this.carries]);
  }

  /** f32 sums of the parameters' gradients over the steps, and the gradient of the carried input; then one step's slices. */
  backward(parameterShapes: readonly Shape[], body: () => void): readonly BufferId[] {
    const { schedule } = this;
    const sums = parameterShapes.map((shape) => schedule.buffer(shape, f32, 'gradient'));
    const carryGradient = schedule.buffer(carryShape, f32);
    const slices = [schedule.buffer(carryShape, f32), schedule.buffer(targetShape, f32)];
    schedule.run('zero gradients of all rollout steps', [], [...sums, carryGradient]);
    schedule.run('slices of one rollout step', [this.targets, this.carries], slices);
    body();
    schedule.run('add up the gradients of the rollout step', [
      this.targets,
      this.carries,
      carryGradient,
      ...slices,
      ...sums,
    ]);
    return sums;
  }
}
