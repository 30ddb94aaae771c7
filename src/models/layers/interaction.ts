/**
 * The interaction network of the family (Battaglia et al. 2018, arXiv 1806.01261): an edge MLP over `[edge, sender, receiver]`,
 * a sum over incoming edges, a node MLP over `[aggregate, node]`.
 */
import type { Recipe } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';
import { callMlp, type MlpParameters } from './mlp.js';

export type InteractionOptions = Pick<Recipe, 'concatTrick' | 'recomputeActivation'>;

interface EdgeUpdate {
  readonly edgeSet: EdgeSet;
  readonly edges: ValueId;
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly recomputed?: boolean;
}

/** `[edges, H]`, `[sender nodes, H]`, `[receiver nodes, H]` → messages `[edges, H]`, without the residual. */
export function edgeUpdate(
  builder: ProgramBuilder,
  parameters: MlpParameters,
  update: EdgeUpdate,
  options: InteractionOptions,
): ValueId {
  const { edges, senders, receivers, recomputed = false } = update;
  const [message] = builder.call({ name: 'edge update', recomputed }, { edges, senders, receivers }, (frame) => {
    const split = parameters.split !== undefined;
    const first = frame.set(
      'first',
      split ? projectAndSum(builder, parameters, update, options) : gatherAndConcat(builder, update),
    );
    // PhysicsNeMo's concat edge MLP is a plain sequential: recompute_activation has no effect in it.
    const recomputeActivation = split && options.recomputeActivation;
    return [callMlp(builder, parameters, first, { of: 'edges', recomputeActivation })];
  });
  return message!;
}

/** `[edges, 3H]` */
function gatherAndConcat(builder: ProgramBuilder, { edgeSet, edges, senders, receivers }: EdgeUpdate): ValueId {
  const [result] = builder.call({ name: 'concat' }, { edges, senders, receivers }, (frame) => {
    const sender = frame.set('sender', builder.gather(senders, { edges: edgeSet, end: 'senders' }, 'gather senders'));
    const receiver = frame.set(
      'receiver',
      builder.gather(receivers, { edges: edgeSet, end: 'receivers' }, 'gather receivers'),
    );
    return [builder.concat([edges, sender, receiver], 'concat edge, sender, receiver')];
  });
  return result!;
}

/** The concat trick: project nodes before the gather, sum after it; `[edges, H]`, the first Linear's output. */
function projectAndSum(
  builder: ProgramBuilder,
  parameters: MlpParameters,
  update: EdgeUpdate,
  options: InteractionOptions,
): ValueId {
  const { edgeSet, edges, senders, receivers } = update;
  const [forEdges, forSenders, forReceivers] = parameters.split!;
  const [result] = builder.call({ name: 'concat trick' }, { edges, senders, receivers }, (frame) => {
    const edge = frame.set('edge', builder.linear(edges, forEdges, 'linear 0, edges'));
    const sender = frame.set('sender', builder.linear(senders, forSenders, 'linear 0, senders'));
    const receiver = frame.set('receiver', builder.linear(receivers, forReceivers, 'linear 0, receivers'));
    if (options.concatTrick === 'fused') return [builder.gatherAdd(edge, sender, receiver, edgeSet, 'gather and sum')];
    const sum = frame.set(
      'sum',
      builder.add(edge, builder.gather(sender, { edges: edgeSet, end: 'senders' }, 'gather senders'), 'add senders'),
    );
    return [
      builder.add(
        sum,
        builder.gather(receiver, { edges: edgeSet, end: 'receivers' }, 'gather receivers'),
        'add receivers',
      ),
    ];
  });
  return result!;
}

/** Messages `[edges, H]` and nodes `[nodes, H]` → `[nodes, 2H]`. */
export function aggregateAndConcat(
  builder: ProgramBuilder,
  edgeSet: EdgeSet,
  messages: ValueId,
  nodes: ValueId,
): ValueId {
  const nodeRows = builder.values[nodes]!.shape[0]!.symbol;
  const [result] = builder.call({ name: 'aggregate' }, { messages, nodes }, (frame) => {
    const sum = frame.set(
      'sum',
      builder.segmentSum(messages, { edges: edgeSet, end: 'receivers' }, nodeRows, 'sum incoming edges'),
    );
    return [builder.concat([sum, nodes], 'concat aggregate, node')];
  });
  return result!;
}

export interface LayerState {
  /** Absent where the processor's layers read no edge features. */
  readonly edges?: ValueId;
  readonly nodes: ValueId;
  /** Between an edge and a node block where the edges are updated after both (DeepMind); else the node block reads `edges`. */
  readonly messages?: ValueId;
}

export type InteractionState = LayerState & { readonly edges: ValueId };

/** → messages `[meshEdges, H]`; with `residual` the new edges. */
export function meshEdgeBlock(
  builder: ProgramBuilder,
  parameters: MlpParameters,
  layer: number,
  { edges, nodes }: InteractionState,
  options: InteractionOptions,
  residual: boolean,
): ValueId {
  const role = { kind: 'edgeBlock', edgeSet: 'mesh', layer } as const;
  const [result] = builder.call(
    { name: `mesh layer ${layer}, edges`, role, module: 'mesh' },
    { edges, nodes },
    (frame) => {
      const message = frame.set(
        'message',
        edgeUpdate(builder, parameters, { edgeSet: 'mesh', edges, senders: nodes, receivers: nodes }, options),
      );
      return [residual ? frame.set('message', builder.add(message, edges, 'edge residual')) : message];
    },
  );
  return result!;
}

export function meshNodeBlock(
  builder: ProgramBuilder,
  parameters: MlpParameters,
  layer: number,
  { nodes, edges, messages = edges }: InteractionState,
  options: InteractionOptions,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const [result] = builder.call(
    { name: `mesh layer ${layer}, nodes`, role, module: 'mesh' },
    { edges: messages, nodes },
    (frame) => {
      const both = frame.set('both', aggregateAndConcat(builder, 'mesh', messages, nodes));
      const update = callMlp(builder, parameters, both, {
        of: 'nodes',
        recomputeActivation: options.recomputeActivation,
      });
      return [builder.add(update, nodes, 'node residual')];
    },
  );
  return result!;
}
