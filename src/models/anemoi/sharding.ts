/**
 * One anemoi model over W cards (`num_gpus_per_model`; anemoi-models 0.19.0, distributed/, layers/mapper.py, layers/block.py,
 * layers/attention.py), as one card runs it. Rows are this card's: a symbol of rows counts them, and `ofAll` of it those of all cards.
 * Parameters are whole on every card, the trained features of all nodes and edges among them.
 */
import type { Config, Counts, Model, Recipe } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { Frame } from '../../ir/frame.js';
import type { Exchange, OperationOf } from '../../ir/operations.js';
import { type Axis, axis, constant, type Dimensions, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { type CardShare, type MeshShare, mapperShares, meshShares } from '../../topology/card-shares.js';
import { balancedSizes } from '../../topology/mapper-chunks.js';
import { graphModelOf } from '../counts.js';
import type { LayerGraph } from '../layers/attention.js';
import { hasCoarsestEdges } from './options.js';

/** Over how many cards one model is cut. */
export const numCards = ({ gpus, parallel }: Pick<Recipe, 'gpus' | 'parallel'>): number =>
  parallel === 'model' ? gpus : 1;

const nodeRows = ['gridNodes', 'meshNodes'] as const;
const edgeRows = ['grid2meshEdges', 'meshEdges', 'mesh2gridEdges'] as const;

/** The rows of all cards. */
const ofAll = (rows: string): string => `${rows}OfAll`;
export const rowsOfAll = (rows: string, cards: number): string => (cards === 1 ? rows : ofAll(rows));
const ofCard = (rows: string, card: number): string => `${rows}OfCard${card}`;
/** Those of a card as a piece that comes by itself; none where all cards have as many, and NCCL fills the whole at once. */
const pieceOf = (rows: string, card: number): string => `${rows}PieceOfCard${card}`;

/** This card's heads, and their columns. */
export const ownHeads = axis('ownHeads');
const ownColumns = 'ownColumns';
/** None where a card has one head: its columns of some rows lie together already. */
const copiedColumns = 'copiedColumns';
const columnsOfCard = (card: number): string => `columnsOfCard${card}`;

export const connectedSenders = (edges: 'grid2mesh' | 'mesh2grid'): string => `${edges}ConnectedSenders`;
/** This card's rows of the mesh, and those of others that its edges read. */
export const meshWithHalo = 'meshWithHalo';
const haloSent = 'haloSent';
const haloTo = (card: number): string => `haloTo${card}`;
const haloFrom = (card: number): string => `haloFrom${card}`;

const nothing: Exchange = { sent: [], received: [] };

const forCards = <Item>(cards: number, item: (card: number) => Item): readonly Item[] =>
  Array.from({ length: cards }, (_, card) => item(card));

const columnsOf = (builder: ProgramBuilder, input: ValueId): Axis => builder.values[input]!.shape[2]!;

function emit(
  builder: ProgramBuilder,
  shape: Shape,
  name: string,
  operation: Omit<OperationOf<'collective'>, 'kind' | 'output'>,
): ValueId {
  return builder.emit(shape, name, { kind: 'collective', ...operation });
}

const pieces = (builder: ProgramBuilder, input: ValueId, rows: string, cards: number): readonly Shape[] => {
  const { symbol, factor } = columnsOf(builder, input);
  return forCards(cards, (card) => builder.rows(pieceOf(rows, card), symbol, factor));
};

/** `[rows of all, columns] → [rows, columns]` */
export function cutRows(builder: ProgramBuilder, input: ValueId, rows: string, cards: number): ValueId {
  const { symbol, factor } = columnsOf(builder, input);
  const backward = { ...nothing, received: pieces(builder, input, rows, cards) };
  const operation = { pattern: 'cut', input, forward: nothing, backward } as const;
  return emit(builder, builder.rows(rows, symbol, factor), 'rows of this card', operation);
}

/** The same of rows that this card alone has filled: nobody else has a gradient for them. */
export function keepOwnRows(builder: ProgramBuilder, input: ValueId, rows: string): ValueId {
  const { symbol, factor } = columnsOf(builder, input);
  const operation = { pattern: 'cut', input, forward: nothing, backward: nothing } as const;
  return emit(builder, builder.rows(rows, symbol, factor), 'rows of this card', operation);
}

/** `[rows, columns] → [rows of all, columns]` */
export function gatherRows(builder: ProgramBuilder, input: ValueId, rows: string, cards: number): ValueId {
  const { symbol, factor } = columnsOf(builder, input);
  const forward = { ...nothing, received: pieces(builder, input, rows, cards) };
  const operation = { pattern: 'gather', input, forward, backward: nothing } as const;
  return emit(builder, builder.rows(ofAll(rows), symbol, factor), 'rows of all cards', operation);
}

interface Transposed {
  readonly rows: string;
  readonly cards: number;
}

const columnsOfCards = (builder: ProgramBuilder, { rows, cards }: Transposed): readonly Shape[] =>
  forCards(cards, (card) => builder.rows(rows, columnsOfCard(card)));
const rowsOfCards = (builder: ProgramBuilder, { rows, cards }: Transposed, columns: string): readonly Shape[] =>
  forCards(cards, (card) => builder.rows(ofCard(rows, card), columns));

/** All heads of this card's rows → this card's heads of all rows: `[rows, hiddenDim] → [rows of all, ownColumns]`. */
export function toHeads(builder: ProgramBuilder, input: ValueId, how: Transposed): ValueId {
  const ofHeads = columnsOfCards(builder, how);
  // Rows and heads lie the other way round in a Linear's result: its gradient is copied.
  const viewed = builder.emit(builder.values[input]!.shape, 'head by head', { kind: 'slice', input });
  return emit(builder, builder.rows(ofAll(how.rows), ownColumns), 'own heads of all rows', {
    pattern: 'transpose',
    input: viewed,
    forward: { sent: ofHeads, received: rowsOfCards(builder, how, ownColumns) },
    backward: { sent: rowsOfCards(builder, how, copiedColumns), received: ofHeads },
  });
}

/** The other way round. */
export function toRows(builder: ProgramBuilder, input: ValueId, how: Transposed): ValueId {
  const ofHeads = columnsOfCards(builder, how);
  return emit(builder, builder.rows(how.rows, 'hiddenDim'), 'all heads of own rows', {
    pattern: 'transpose',
    input,
    forward: { sent: rowsOfCards(builder, how, copiedColumns), received: ofHeads },
    backward: { sent: ofHeads, received: rowsOfCards(builder, how, ownColumns) },
  });
}

/**
 * `[meshNodes, hiddenDim] → [meshWithHalo, hiddenDim]`. Every layer finds out for itself which rows it sends and how its edges count the
 * rows then, and keeps that for good.
 */
export function exchangeHalo(
  builder: ProgramBuilder,
  frame: Frame,
  nodes: ValueId,
  { index: given, cards }: { readonly index: ValueId; readonly cards: number },
  graphOf: (index: ValueId, senderRows: string) => LayerGraph,
): ReturnType<NonNullable<LayerGraph['halo']>> {
  const once = (shape: Shape, name: string) =>
    builder.emit(shape, name, { kind: 'integers', inputs: [given], once: true } as const);
  for (const [card, symbol] of forCards(cards, haloTo).entries())
    frame.set(`sends ${card}`, once([axis(symbol)], 'rows that a card reads'));
  const index = frame.set('index', once([constant(2), axis('meshEdges'), axis('batch')], 'edge index with the halo'));
  const { symbol, factor } = columnsOf(builder, nodes);
  const shape = (rows: string) => builder.rows(rows, symbol, factor);
  const sent = forCards(cards, (card) => shape(haloTo(card)));
  const withHalo = emit(builder, shape(meshWithHalo), 'own rows and halo', {
    pattern: 'halo',
    input: nodes,
    forward: { sent, received: forCards(cards, (card) => shape(haloFrom(card))) },
    backward: { sent: [], received: sent, joined: shape(haloSent) },
  });
  return { nodes: withHalo, graph: graphOf(index, meshWithHalo) };
}

type ModelAndRecipe = Pick<Config, 'model' | 'recipe'>;

/** What one card has of the graph. */
export interface OwnGraph {
  readonly counts: Counts;
  readonly grid2mesh: CardShare;
  readonly mesh2grid: CardShare;
  readonly mesh?: MeshShare;
}

/** `readsMeshEdges`, `hasEdges`: of the processor and of the mappers. */
export interface Reads {
  readonly readsMeshEdges: boolean;
  readonly hasEdges: boolean;
}

const noEdges: CardShare = { receivers: 0, edges: 0, senders: 0, chunks: [] };

function sharesOf({ model, recipe }: ModelAndRecipe, { readsMeshEdges, hasEdges }: Reads) {
  const { edges, processorBlocks = 1 } = recipe.checkpoint;
  const graph = { ...graphModelOf(model), maxNeighbours: Number.POSITIVE_INFINITY, nearestSines: true } as const;
  const chunks = edges.kind === 'none' ? 1 : edges.blocks;
  return {
    mappers: hasEdges ? mapperShares(graph, recipe.gpus, chunks) : undefined,
    mesh: readsMeshEdges
      ? meshShares({ meshLevel: model.meshLevel, hasCoarsest: hasCoarsestEdges(model) }, recipe.gpus, processorBlocks)
      : undefined,
  };
}

/** `all`: of the whole graph. */
export function graphOfCard(config: ModelAndRecipe, all: Counts, card: number, reads: Reads): OwnGraph {
  const { mappers, mesh } = sharesOf(config, reads);
  const [gridNodes, meshNodes] = nodeRows.map((rows) => balancedSizes(all[rows], config.recipe.gpus)[card]!);
  const grid2mesh = mappers?.grid2mesh[card] ?? noEdges;
  const mesh2grid = mappers?.mesh2grid[card] ?? noEdges;
  const ownMesh = mesh?.[card];
  return {
    counts: {
      gridNodes: gridNodes!,
      meshNodes: meshNodes!,
      grid2meshEdges: grid2mesh.edges,
      meshEdges: ownMesh?.edges ?? 0,
      mesh2gridEdges: mesh2grid.edges,
    },
    grid2mesh,
    mesh2grid,
    ...(ownMesh && { mesh: ownMesh }),
  };
}

/** Values of the symbols above, but those of chunks. */
export function sharedDimensions(config: ModelAndRecipe, all: Counts, card: number, reads: Reads): Dimensions {
  const { gpus } = config.recipe;
  const { mappers, mesh } = sharesOf(config, reads);
  const edgesOf = (shares: readonly CardShare[] = []) => forCards(gpus, (each) => shares[each]?.edges ?? 0);
  const sizes: Readonly<Record<string, readonly number[]>> = {
    ...Object.fromEntries(nodeRows.map((rows) => [rows, balancedSizes(all[rows], gpus)])),
    grid2meshEdges: edgesOf(mappers?.grid2mesh),
    meshEdges: edgesOf(mesh),
    mesh2gridEdges: edgesOf(mappers?.mesh2grid),
  };
  const dimensions: Record<string, number> = { ...allRows(all), ...headDimensions(config.model, gpus, card) };
  for (const [rows, ofCards] of Object.entries(sizes)) {
    const areEqual = ofCards.every((size) => size === ofCards[0]);
    for (const [each, size] of ofCards.entries()) {
      dimensions[ofCard(rows, each)] = size;
      dimensions[pieceOf(rows, each)] = areEqual ? 0 : size;
    }
  }
  if (mappers)
    for (const edges of ['grid2mesh', 'mesh2grid'] as const)
      dimensions[connectedSenders(edges)] = mappers[edges][card]!.senders;
  if (mesh) Object.assign(dimensions, haloDimensions(mesh[card]!));
  return dimensions;
}

/** Rows of the whole graph, by their own symbols. */
export const allRows = (all: Counts): Dimensions =>
  Object.fromEntries([...nodeRows, ...edgeRows].map((rows) => [ofAll(rows), all[rows]]));

function headDimensions({ hiddenDim, heads }: Model, cards: number, card: number): Dimensions {
  const headDim = hiddenDim / heads;
  const ofCards = balancedSizes(heads, cards);
  const own = ofCards[card]!;
  return {
    [ownHeads.symbol]: own,
    [ownColumns]: own * headDim,
    [copiedColumns]: own > 1 ? own * headDim : 0,
    ...Object.fromEntries(ofCards.map((count, each) => [columnsOfCard(each), count * headDim])),
  };
}

function haloDimensions({ receivers, haloFrom: from, haloTo: to }: MeshShare): Dimensions {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    [meshWithHalo]: receivers + sum(from),
    [haloSent]: sum(to),
    ...Object.fromEntries(from.map((count, card) => [haloFrom(card), count])),
    ...Object.fromEntries(to.map((count, card) => [haloTo(card), count])),
  };
}
