/** The stacks around a processor in the traced records (part `processor`), written with the layers of `src/models`. */
import type { Config } from '../../../src/config/types.js';
import { ProgramBuilder } from '../../../src/ir/builder.js';
import type { ForwardProgram } from '../../../src/ir/forward-program.js';
import type { Frame } from '../../../src/ir/frame.js';
import { axis, constant } from '../../../src/ir/shape.js';
import type { ValueId } from '../../../src/ir/types.js';
import { declareEdges, provideEdges } from '../../../src/models/anemoi/edges.js';
import { declareProcessor, runProcessor } from '../../../src/models/anemoi/processor.js';
import {
  type GatedGraph,
  type GatedParameters,
  gatedConvolution,
  gatedLayer,
  gatedParameters,
} from '../../../src/models/layers/gated.js';
import { callMlp, linearParameters, mlpDeclarer } from '../../../src/models/layers/mlp.js';
import { declareInteractionNet, interactionNet, lamCall, meshRows } from '../../../src/models/neural-lam/program.js';
import { type CodeBaseRecord, chunksOf } from './anemoi-records.js';

const module = 'mesh';
const H = axis('hiddenDim');

export function harnessProgram(record: CodeBaseRecord, { model }: Config): ForwardProgram {
  switch (record.model) {
    case 'neural-lam':
      return neuralLamStack(record);
    case 'resgated-graphconv':
      return gatedStack(record);
    default: {
      const builder = new ProgramBuilder();
      const layersPerChunk = record.checkpoint ? record.layers / chunksOf(record).processor : undefined;
      return stack(builder, () => {
        const provider = declareEdges(builder, 'mesh', module);
        const processor = declareProcessor(builder, model);
        return (nodes) => {
          const edges = provideEdges(builder, provider);
          return runProcessor(builder, processor, { nodes, edges }, { model, precision: 'fp32', layersPerChunk });
        };
      });
    }
  }
}

type Body = (nodes: ValueId, frame: Frame) => ValueId;

/** `[meshNodes, 8] → [meshNodes, 8]`: Linear, body, Linear, MSE. */
function stack(builder: ProgramBuilder, declareBody: () => Body): ForwardProgram {
  builder.stateResidents();
  const linear = (name: string, input = H, output = H) =>
    linearParameters(builder, { network: name, module, name, input, output });
  const first = linear('in', constant(8));
  const body = declareBody();
  const last = linear('out', H, constant(8));
  const input = builder.input('gridInput', builder.rows('meshNodes', 'one', 8));
  const target = builder.input('target0', builder.rows('meshNodes', 'one', 8));
  return step(builder, target, (frame) => {
    const nodes = frame.set('x', builder.linear(input, first, 'linear in'));
    return builder.linear(frame.set('x', body(nodes, frame)), last, 'linear out');
  });
}

function step(builder: ProgramBuilder, target: ValueId, model: (frame: Frame) => ValueId): ForwardProgram {
  builder.call({ name: 'step' }, {}, () => {
    const [prediction] = builder.call({ name: 'model', module }, {}, (frame) => [model(frame)]);
    builder.predictions.push(prediction!);
    const operation = { kind: 'loss', prediction: prediction!, target, kernel: 'mse' } as const;
    builder.loss = builder.emit(builder.scalar(), 'loss', operation);
    return [builder.loss];
  });
  return builder.finish();
}

const meshGraph = {
  senders: { edges: 'mesh', end: 'senders' },
  receivers: { edges: 'mesh', end: 'receivers' },
  receiverRows: 'meshNodes',
} as const;

/** `pre`: x + conv(norm(x)); `post`: x + relu(norm(conv(x))). */
function gatedStack({ layers, layout, edge_features: numFeatures }: CodeBaseRecord): ForwardProgram {
  const builder = new ProgramBuilder();
  return stack(builder, () => {
    builder.resident('mesh edge index', [constant(2), axis('meshEdges')], 8);
    const graph: GatedGraph = numFeatures
      ? { ...meshGraph, edgeFeatures: builder.input('edgeFeatures', builder.rows('meshEdges', 'one', numFeatures)) }
      : meshGraph;
    const readsEdgeFeatures = graph.edgeFeatures !== undefined;
    const networks = Array.from({ length: layers }, (_, layer) =>
      gatedParameters(builder, { network: `mesh.${layer}`, module, readsEdgeFeatures }),
    );
    return (nodes, frame) => {
      let now = nodes;
      for (const [layer, parameters] of networks.entries()) {
        const call = { name: `mesh layer ${layer}`, module, layer } as const;
        const next =
          layout === 'pre'
            ? gatedLayer(builder, parameters, now, graph, call)
            : postLayer(builder, parameters, now, graph);
        now = frame.set('x', next);
      }
      return now;
    };
  });
}

function postLayer(builder: ProgramBuilder, parameters: GatedParameters, nodes: ValueId, graph: GatedGraph): ValueId {
  const [result] = builder.call({ name: 'layer' }, { nodes }, () => {
    const normed = builder.layerNorm(gatedConvolution(builder, parameters, nodes, graph), parameters.norm, 'norm');
    const activated = builder.activation('relu', normed, 'relu', false);
    return [builder.add(nodes, activated, 'residual')];
  });
  return result!;
}

/** Two embedders and the layers; the target is as wide as the nodes. */
function neuralLamStack({ layers, hidden_layers: hiddenLayers = 1 }: CodeBaseRecord): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  const spec = { module, hiddenLayers } as const;
  const mlp = mlpDeclarer(builder, hiddenLayers);
  const nodeMlp = mlp('nodes', module, constant(3));
  const edgeMlp = mlp('edges', module, constant(4));
  const networks = Array.from({ length: layers }, (_, layer) =>
    declareInteractionNet(builder, { ...spec, network: `mesh.${layer}`, edgeSet: 'mesh' }),
  );
  const input = builder.input('gridInput', builder.rows('meshNodes', 'one', 3));
  const features = builder.input('edgeFeatures', builder.rows('meshEdges', 'one', 4));
  const target = builder.input('target0', builder.rows('meshNodes', 'hiddenDim'));
  return step(builder, target, (frame) => {
    frame.set('x', callMlp(builder, nodeMlp, input, lamCall('embedMeshNodes')));
    frame.set('edges', callMlp(builder, edgeMlp, features, lamCall('embedEdges')));
    for (const network of networks) {
      const nodes = frame.locals.get('x')!;
      const state = { senders: nodes, receivers: nodes, edges: frame.locals.get('edges')! };
      const [newNodes, newEdges] = interactionNet(builder, network, state, meshRows, true);
      frame.set('x', newNodes!);
      frame.set('edges', newEdges!);
    }
    return frame.locals.get('x')!;
  });
}
