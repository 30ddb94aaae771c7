/**
 * `edges:blocks=N`: the encoder's and the decoder's edge update (embed, gather, edge MLP, segment sum) runs on one block of the edges
 * after the other, each under a tape of its own; the sums at the receivers add up. The graph lies on the device in such blocks.
 */
import type { CheckpointPlan } from '../../config/types.js';
import { type Block, type ForwardProgram, type Node, operationsOf } from '../../ir/forward-program.js';
import type { Operation } from '../../ir/operations.js';
import { edgeRows } from '../../ir/row-shapes.js';
import type { Dimensions } from '../../ir/shape.js';
import type { EdgeSet, Endpoints, ValueId } from '../../ir/types.js';

export type CutEdgeSet = Exclude<EdgeSet, 'mesh'>;

/** Block `index` of `of`, from 0. */
export interface EdgeBlock {
  readonly edges: CutEdgeSet;
  readonly index: number;
  readonly of: number;
}

export const cutEdgesOf = { encoder: 'grid2mesh', decoder: 'mesh2grid' } as const satisfies Record<string, CutEdgeSet>;
const cutEdgeSets = Object.values(cutEdgesOf);

/** The blocks of a set; none where it is whole. */
export function edgeBlocksOf(edges: EdgeSet, { edges: cut }: CheckpointPlan): readonly EdgeBlock[] {
  if (cut.kind === 'none' || edges === 'mesh') return [];
  return Array.from({ length: cut.blocks }, (_, index) => ({ edges, index, of: cut.blocks }));
}

const featuresName = (edges: CutEdgeSet) => `${edges}EdgeFeatures` as const;

export const featuresOf = (program: ForwardProgram, edges: CutEdgeSet): ValueId => program.data[featuresName(edges)]!;

/** The blocks in which the data of that name lies on the device; none where it lies there whole. */
export function blocksOfData(name: string, plan: CheckpointPlan): readonly EdgeBlock[] {
  const set = cutEdgeSets.find((edges) => featuresName(edges) === name);
  return set === undefined ? [] : edgeBlocksOf(set, plan);
}

/** Node numbers of one end of an edge set, or of a block of it. */
export interface EndpointArray extends Pick<Endpoints, 'edges' | 'end'> {
  readonly block?: EdgeBlock;
}

/** The int32 arrays of the graph on the device. */
export function endpointArrays(plan: CheckpointPlan): readonly EndpointArray[] {
  return (['grid2mesh', 'mesh', 'mesh2grid'] as const).flatMap((edges) => {
    const blocks = edgeBlocksOf(edges, plan);
    const parts = blocks.length === 0 ? [{ edges }] : blocks.map((block) => ({ edges, block }));
    return parts.flatMap((part) => (['senders', 'receivers'] as const).map((end) => ({ ...part, end })));
  });
}

export const rowsName = ({ edges, block }: Pick<EndpointArray, 'edges' | 'block'>): string =>
  block === undefined ? edgeRows(edges) : blockName(block);

export const endpointsName = ({ edges, end }: Endpoints, block?: EdgeBlock): string =>
  `${block === undefined ? edges : blockName(block)} ${end}`;

export const blockName = ({ edges, index, of }: EdgeBlock): string => `${edges} edge block ${index + 1} of ${of}`;

/** As even as whole edges allow: first edge, and the first one after. */
export function blockRange({ index, of }: EdgeBlock, numEdges: number): readonly [number, number] {
  return [Math.floor((index * numEdges) / of), Math.floor(((index + 1) * numEdges) / of)];
}

export function blockDimensions(base: Dimensions, plan: CheckpointPlan): Dimensions {
  const blocks = cutEdgeSets.flatMap((edges) => edgeBlocksOf(edges, plan));
  return Object.fromEntries(
    blocks.map((block) => {
      const [first, end] = blockRange(block, base[edgeRows(block.edges)]!);
      return [blockName(block), end - first];
    }),
  );
}

/** An encoder or decoder frame as what comes before its edge update, the update with its sum, and the rest. */
export function aroundEdges(program: ForwardProgram, frame: Block, edges: CutEdgeSet): readonly [Block, Block, Block] {
  const operations = operationsOf([frame]);
  const sum = operations.findIndex(({ kind }) => kind === 'segmentSum');
  const isUpdate = (operation: Operation, i: number) =>
    i === sum || (i < sum && program.values[operation.output]!.shape[0]!.symbol === edgeRows(edges));
  const update = new Set(operations.filter(isUpdate));
  const before = new Set(operations.slice(0, sum).filter((operation) => !update.has(operation)));
  const rest = new Set(operations.slice(sum + 1));
  return [only(frame, before), only(frame, update), only(frame, rest)];
}

/** The block with these operations alone, in their call frames. */
function only(block: Block, kept: ReadonlySet<Operation>): Block {
  const body = block.body.flatMap((node): Node[] => {
    if (node.kind === 'block') return [only(node, kept)];
    return node.kind !== 'drop' && kept.has(node) ? [node] : [];
  });
  return { ...block, body };
}
