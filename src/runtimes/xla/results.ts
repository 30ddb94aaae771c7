/**
 * What surrounds a prediction: results, f32 arrays of one variable each, and in a rollout the loop's state (graphcast 08cf736,
 * autoregressive.py: `hk.scan` over the steps, the last two states carried, the predictions stacked).
 *
 * XLA's loop holds latitude and longitude first. A variable with levels is stacked so and transposed into its result after the loop,
 * one after the other, each result in the memory of the stack that the transposition before it has read. Variables of the surface need no
 * transposition: their stack is the result.
 */
import { axis, type Shape } from '../../ir/shape.js';
import type { BufferId } from './kernel.js';
import type { Schedule } from './schedule.js';
import { fields, numAtmosphericVariables } from './symbols.js';

const f32 = 4;
const rows = axis('gridNodes');
const samples = axis('batch');
const steps = axis('rolloutSteps');
const stackShape: Shape = [steps, rows, samples, fields.levels];
const surfaceStackShape: Shape = [steps, rows, samples, fields.surface];
const forcingsShape: Shape = [rows, samples, fields.forcings];
/** Both input times of one variable. */
const carryShape: Shape = [rows, samples, axis(fields.levels.symbol, 2)];
const surfaceCarryShape: Shape = [rows, samples, fields.surfaceCarry];

interface Surroundings {
  readonly inLoop: boolean;
  /** The loop goes through forcings by time, of which several samples come first in the data (a transpose before the loop). */
  readonly transposesForcings: boolean;
}

export class Results {
  /** What the model's input is made of. */
  readonly input: readonly BufferId[];
  private readonly results: readonly BufferId[];
  private readonly surface: BufferId;
  private readonly stacks: readonly BufferId[];
  private readonly carries: readonly BufferId[];
  private readonly forcings: readonly BufferId[];

  constructor(
    private readonly schedule: Schedule,
    data: readonly BufferId[],
    { inLoop, transposesForcings }: Surroundings,
  ) {
    this.results = ofEachVariable(() => schedule.output(stackShape, f32));
    this.surface = schedule.output(surfaceStackShape, f32);
    this.stacks = inLoop ? this.buffers(stackShape) : [];
    this.carries = inLoop ? [...this.buffers(carryShape), schedule.buffer(surfaceCarryShape, f32)] : [];
    this.forcings = inLoop && transposesForcings ? [schedule.buffer(forcingsShape, f32)] : [];
    this.input = inLoop ? this.carries : data;
    if (inLoop) schedule.run('state of the loop over rollout steps', data, [...this.state, ...this.forcings]);
  }

  /** What the loop over rollout steps carries. */
  get state(): readonly BufferId[] {
    return [...this.stacks, ...this.carries, this.surface];
  }

  write(prediction: readonly BufferId[]): void {
    const { schedule, stacks, carries, results, surface, input } = this;
    if (stacks.length === 0) {
      schedule.run('predictions of all variables', [...prediction, ...input], [...results, surface]);
      return;
    }
    schedule.run('stack the predictions', [...prediction, ...carries], [...stacks, surface]);
    const next = this.buffers(carryShape);
    schedule.run('next input of all variables', [...prediction, ...carries], next);
    for (const [index, array] of next.entries()) schedule.run('copy of the next input', [array], [carries[index]!]);
    schedule.run('end of the loop over rollout steps', [...carries, ...stacks, ...this.forcings]);
    for (const [index, stack] of stacks.entries())
      schedule.run('transpose the predictions', [stack], [results[index]!]);
  }

  private buffers(shape: Shape): readonly BufferId[] {
    return ofEachVariable(() => this.schedule.buffer(shape, f32));
  }
}

const ofEachVariable = <T>(make: () => T): T[] => Array.from({ length: numAtmosphericVariables }, make);
