/** Encoder and decoder are a mapper each, of one of four kinds: which arrays it has, and how it is called. */
import type { Model, Recipe } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { axis } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { declareEdges, type EdgeProvider, nodeFeatureWidth, type ProvidedEdges } from './edges.js';
import { declareGnnMapper, type GnnMapperParameters, runGnnMapper } from './gnn-mapper.js';
import { declareMapper, type MapperEdges, type MapperParameters, runMapper } from './mapper.js';
import { gnnHiddenLayers, networkOptions, transformerHiddenLayers } from './options.js';
import { declarePointWiseMapper, type PointWiseMapperParameters, runPointWiseMapper } from './point-wise.js';
import { attending } from './row-transformer.js';
import {
  declareTransformerMapper,
  runTransformerMapper,
  type TransformerMapperParameters,
} from './transformer-mapper.js';

export type Mapper =
  | { readonly kind: 'graphtransformer'; readonly edges: EdgeProvider; readonly parameters: MapperParameters }
  | { readonly kind: 'gnn'; readonly edges: EdgeProvider; readonly parameters: GnnMapperParameters }
  | { readonly kind: 'transformer'; readonly edges?: undefined; readonly parameters: TransformerMapperParameters }
  | { readonly kind: 'point-wise'; readonly edges?: undefined; readonly parameters: PointWiseMapperParameters };

export interface MapperContext {
  readonly builder: ProgramBuilder;
  readonly model: Model;
  readonly recipe: Recipe;
  readonly segmentation: Segmentation;
  /** Over which the model is cut. */
  readonly cards: number;
}

export function declareMapperOfKind(builder: ProgramBuilder, module: MapperEdges, model: Model, cards: number): Mapper {
  const input = axis('encoderInput');
  const output = axis('outputChannels');
  const encodes = module === 'grid2mesh';
  const { mapper } = networkOptions(model);
  if (mapper === 'gnn') {
    const edges = declareEdges(builder, module, module, cards);
    const ends = encodes ? { embeds: { senders: input, receivers: nodeFeatureWidth } } : { output };
    const spec = { module, hiddenLayers: gnnHiddenLayers(model), ...ends };
    return { kind: mapper, edges, parameters: declareGnnMapper(builder, spec) };
  }
  const ends = encodes ? { senders: input, receivers: nodeFeatureWidth } : { receivers: input, output };
  const spec = { module, hiddenLayers: transformerHiddenLayers(model), ...ends };
  if (mapper === 'transformer') return { kind: mapper, parameters: declareTransformerMapper(builder, spec) };
  if (mapper === 'point-wise') return { kind: mapper, parameters: declarePointWiseMapper(builder, spec) };
  const edges = declareEdges(builder, module, module, cards);
  return { kind: mapper, edges, parameters: declareMapper(builder, spec) };
}

interface MapperRows {
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edges: ProvidedEdges | undefined;
}

/** → receivers and, from the encoder, senders as the decoder reads them */
export function runMapperOfKind(
  context: MapperContext,
  mapper: Mapper,
  { senders, receivers, edges: provided }: MapperRows,
  edges: MapperEdges,
): readonly ValueId[] {
  const { builder, model, recipe, segmentation, cards } = context;
  const role = { kind: edges === 'grid2mesh' ? 'encoder' : 'decoder' } as const;
  const call = {
    edges,
    model,
    numChunks: segmentation.edgeBlocks?.blocks ?? 1,
    recomputed: segmentation[role.kind],
    cards,
  };
  const args = { senders, receivers, ...(provided && { features: provided.features, index: provided.index }) };
  return builder.call({ name: role.kind, role, module: edges }, args, () => {
    const run = (): readonly [from: ValueId, to: ValueId] => {
      if (mapper.kind === 'transformer') {
        const how = attending(networkOptions(model), edges, recipe.precision, cards);
        const spec = { name: `${edges} mapper`, recomputed: call.recomputed, how };
        return [senders, runTransformerMapper(builder, mapper.parameters, { senders, receivers }, spec)];
      }
      if (mapper.kind === 'point-wise')
        return [senders, runPointWiseMapper(builder, mapper.parameters, { senders, receivers }, call)];
      const state = { senders, receivers, edges: provided! };
      if (mapper.kind === 'gnn') return runGnnMapper(builder, mapper.parameters, state, call);
      return [senders, runMapper(builder, mapper.parameters, state, call)];
    };
    const [from, to] = run();
    return edges === 'grid2mesh' ? [to, from] : [to];
  });
}
