/** Processor: a block per layer over the H3 cells. */
import type { Frame } from '../../ir/frame.js';
import type { ValueId } from '../../ir/types.js';
import { runBlock, type State } from './block.js';
import type { Context } from './context.js';

export function processor(context: Context, initial: State, index: ValueId): ValueId {
  const { builder, networks, segmentation, fine } = context;
  const recomputed = segmentation.processorBlocksPerSegment !== undefined && !fine;
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh', recomputed } as const;
  const [nodes] = builder.call(spec, { ...initial, index }, (frame) => {
    let state = initial;
    for (const [layer, block] of networks.layers.entries()) {
      const call = { name: `mesh layer ${layer}`, index, edgeSet: 'mesh', rows: 'meshNodes', layer } as const;
      state = runBlock(context, block, state, call);
      setBoth(frame, state);
    }
    return [state.nodes];
  });
  return nodes!;
}

function setBoth(frame: Frame, { nodes, edges }: State): void {
  frame.set('nodes', nodes);
  frame.set('edges', edges);
}
