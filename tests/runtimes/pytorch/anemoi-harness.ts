/** The stack around a processor in the traced records (part `processor`): Linear 8 → H, the processor, Linear H → 8, MSE against `[meshNodes, 8]`. */
import type { Model } from '../../../src/config/types.js';
import { declareEdges, provideEdges } from '../../../src/program/anemoi/edges.js';
import { declareProcessor, runProcessor } from '../../../src/program/anemoi/processor.js';
import { type Frame, ProgramBuilder } from '../../../src/program/builder.js';
import { linearParameters } from '../../../src/program/mlp.js';
import { axis, constant } from '../../../src/program/shape.js';
import type { ForwardProgram, ValueId } from '../../../src/program/types.js';

/** Linear, `body`, Linear and the loss: `[meshNodes, inputs] → [meshNodes, outputs]`. */
export function stack(
  builder: ProgramBuilder,
  widths: { readonly inputs: number; readonly outputs: number },
  declareBody: () => (nodes: ValueId, frame: Frame) => ValueId,
): ForwardProgram {
  builder.stateResidents();
  const module = 'mesh';
  const H = axis('hiddenDim');
  const first = linearParameters(builder, {
    network: 'in',
    module,
    name: 'in',
    input: constant(widths.inputs),
    output: H,
  });
  const body = declareBody();
  const last = linearParameters(builder, {
    network: 'out',
    module,
    name: 'out',
    input: H,
    output: constant(widths.outputs),
  });
  const input = builder.input('gridInput', builder.rows('meshNodes', 'one', widths.inputs));
  const target = builder.input('target0', builder.rows('meshNodes', 'one', widths.outputs));
  builder.call({ name: 'step' }, {}, () => {
    const [prediction] = builder.call({ name: 'model', module }, { input }, (frame) => {
      const nodes = frame.set('x', builder.linear(input, first.weight, first.bias, 'linear in'));
      return [builder.linear(frame.set('x', body(nodes, frame)), last.weight, last.bias, 'linear out')];
    });
    builder.predictions.push(prediction!);
    const operation = { kind: 'loss', prediction: prediction!, target, kernel: 'mse' } as const;
    builder.loss = builder.emit(builder.scalar(), 'loss', operation, [prediction!]);
    return [builder.loss];
  });
  return builder.finish();
}

export function anemoiProcessorProgram(model: Model, layersPerChunk: number | undefined): ForwardProgram {
  const builder = new ProgramBuilder();
  return stack(builder, { inputs: 8, outputs: 8 }, () => {
    const provider = declareEdges(builder, 'mesh', 'mesh');
    const processor = declareProcessor(builder, model);
    return (nodes) => {
      const edges = provideEdges(builder, provider);
      return runProcessor(builder, processor, nodes, edges, model, layersPerChunk);
    };
  });
}
