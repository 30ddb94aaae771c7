/** One jitted training step, or one prediction, of DeepMind's GraphCast. */
import type { Config } from '../../config/types.js';
import type { Trace } from '../../memory/trace.js';
import { axis, type Shape } from '../../program/shape.js';
import type { ForwardProgram } from '../../program/types.js';
import { Backward } from './backward.js';
import { Forward, type Lowering } from './forward.js';
import { gemmOf } from './gemm.js';
import { LossHead } from './loss-head.js';
import { allocateResidents } from './residents.js';
import { Schedule } from './schedule.js';
import { fields } from './symbols.js';
import { Environment, fused, inBuffer } from './values.js';
import { Zeros } from './zeros.js';

const stackedShape: Shape = [axis('gridNodes'), axis('batch'), axis('inputChannels')];

export function traceJax(program: ForwardProgram, config: Config): Trace {
  const { recipe } = config;
  const schedule = new Schedule();
  const lowering: Lowering = { program, schedule, gemm: gemmOf(config), zeros: new Zeros(schedule) };
  const train = recipe.mode === 'train';
  const data = allocateResidents(program, schedule, recipe.optimizer, train);
  const lossHead = new LossHead(schedule, lowering.gemm);
  const forward = new Forward(lowering, lossHead);
  const environment = new Environment();
  schedule.within({ phase: 'forward', module: 'inputs' }, () => {
    for (const [name, id] of Object.entries(program.data)) {
      if (name !== 'gridInput') environment.setValue(id, fused());
    }
    const stacked = schedule.buffer(stackedShape, lowering.gemm.elementBytes);
    schedule.run('normalise, cast and stack the inputs', data, [stacked]);
    environment.setValue(program.data.gridInput!, inBuffer(stacked));
    lowering.zeros.fillHere();
  });
  schedule.within({ phase: 'forward' }, () => forward.nodes(program.root.body, environment));
  if (!train) {
    const outputs = schedule.buffer([axis('gridNodes'), axis('batch'), fields.targets], 4);
    schedule.keepToTheEnd(outputs);
    const reads = program.predictions.map((id) => forward.materialise(id, environment));
    schedule.within({ phase: 'forward', module: 'other' }, () => schedule.run('predictions', reads, [outputs]));
    return schedule.trace();
  }
  const backward = new Backward(lowering, forward, lossHead);
  schedule.within({ phase: 'backward' }, () => {
    backward.seed(program.loss!, fused());
    backward.nodes(program.root.body, environment);
  });
  schedule.within({ phase: 'optimizer', module: 'optimizer' }, () => {
    // The clipping by global norm reads all gradients before the first update.
    schedule.run('global norm', backward.parameterGradients);
    schedule.run('update', backward.parameterGradients);
  });
  return schedule.trace();
}
