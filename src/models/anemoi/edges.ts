/**
 * anemoi's edge provider (anemoi-models 0.19.0, layers/graph_provider.py): three fixed features per edge and eight trained ones, joined
 * in every step; the edge index of the whole batch, made in every step from the graph's own.
 */
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis, constant, int64Bytes } from '../../ir/shape.js';
import type { EdgeSet, Module, ValueId } from '../../ir/types.js';
import { countDegrees } from './degrees.js';
import { cutRows, rowsOfAll } from './sharding.js';

/** Edge length and two direction components (anemoi-training's default `edge_attributes`). */
const numFixedFeatures = 3;
/** `trainable_parameters.*2*: 8` in anemoi-training's graph configurations. */
export const numTrainedFeatures = 8;
export const edgeFeatureWidth = constant(numFixedFeatures + numTrainedFeatures);
/** Of a node: sine and cosine of latitude and longitude. */
export const numCoordinates = 4;
export const nodeFeatureWidth = constant(numCoordinates + numTrainedFeatures);

export interface EdgeProvider {
  readonly edges: EdgeSet;
  /** Of all cards: every card has the features of every edge. */
  readonly rows: string;
  readonly fixed: ValueId;
  readonly trained: ValueId;
}

export function declareEdges(builder: ProgramBuilder, edges: EdgeSet, module: Module, cards = 1): EdgeProvider {
  const rows = rowsOfAll(`${edges}Edges`, cards);
  builder.resident(`${edges} edge order`, [axis(rows)], int64Bytes);
  const fixed = builder.input(`${edges}EdgeFeatures`, [axis(rows), constant(numFixedFeatures)]);
  builder.resident(`${edges} edge index`, [constant(2), axis(rows)], int64Bytes);
  builder.resident(`${edges} node offsets of a sample`, [constant(2)], int64Bytes);
  builder.resident(`${edges} layout version`, [constant(1)], int64Bytes);
  const trainedShape = [axis(rows), constant(numTrainedFeatures)];
  const trained = builder.parameter(`${edges}.trainedEdgeFeatures`, module, 'weight', trainedShape);
  return { edges, rows, fixed, trained };
}

/** `[rows, width]` of every sample: anemoi's TrainableTensor (layers/graph.py). */
export function joinTrained(
  builder: ProgramBuilder,
  { rows, fixed, trained }: Pick<EdgeProvider, 'rows' | 'fixed' | 'trained'>,
  width: Axis,
): ValueId {
  const [joined] = builder.call({ name: `${rows} features` }, {}, (frame) => {
    const repeated = frame.setFields({
      fixed: repeat(builder, fixed, rows),
      trained: repeat(builder, trained, rows),
    });
    const shape = builder.rows(rows, width.symbol, width.factor);
    return [builder.join(Object.values(repeated), shape, 'join fixed and trained features')];
  });
  return joined!;
}

function repeat(builder: ProgramBuilder, input: ValueId, rows: string): ValueId {
  const shape = builder.values[input]!.shape;
  return builder.emit([axis(rows), axis('repeatedSamples'), shape[1]!], 'copies for every sample', {
    kind: 'repeat',
    input,
  });
}

export interface ProvidedEdges {
  /** `[edges, 11]` */
  readonly features: ValueId;
  /** `[2, edges]` int64 */
  readonly index: ValueId;
}

const receiversOf = { grid2mesh: 'meshNodes', mesh: 'meshNodes', mesh2grid: 'gridNodes' } as const;

/** Several cards: each makes all and goes on with its own, a copy of the index and a view of the features. */
export function provideEdges(builder: ProgramBuilder, provider: EdgeProvider, cards = 1): ProvidedEdges {
  const { rows, edges } = provider;
  const [features, index] = builder.call({ name: `${rows} provider` }, {}, (frame) => {
    const joined = frame.set('features', joinTrained(builder, provider, edgeFeatureWidth));
    const offsets = builder.emit([constant(2)], 'node offsets', { kind: 'integers', inputs: [] });
    const shape = [constant(2), axis(rows), axis('batch')];
    const shifted = builder.emit(shape, 'shifted edge index', { kind: 'integers', inputs: [offsets] });
    const index = builder.emit(shape, 'edge index of the batch', { kind: 'integers', inputs: [shifted] });
    if (cards === 1) return [joined, index];
    frame.set('index', index);
    countDegrees(builder, { edges: rows, receivers: rowsOfAll(receiversOf[edges], cards) }, cards);
    const ownRows = `${edges}Edges`;
    const ownShape = [constant(2), axis(ownRows), axis('batch')];
    const own = builder.emit(ownShape, 'edge index of this card', { kind: 'integers', inputs: [index] });
    return [cutRows(builder, joined, ownRows, cards), own];
  });
  return { features: features!, index: index! };
}
