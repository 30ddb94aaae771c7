/** The embedder MLPs of nodes and edges. */

import type { ValueId } from '../../ir/types.js';
import { callMlp } from '../layers/mlp.js';
import type { Networks } from '../layers/networks.js';
import type { Context } from './context.js';

export function embed(
  context: Context,
  network: keyof Networks & `embed${string}`,
  of: 'embedGridNodes' | 'embedMeshNodes' | 'embedEdges',
  input: ValueId,
  recomputed = false,
): ValueId {
  const { builder, networks, recipe } = context;
  const { recomputeActivation } = recipe;
  return callMlp(builder, networks[network]!, input, { of, recomputeActivation, recomputed });
}

/** Embedded mesh edges, `[meshEdges, hiddenDim]`, where the processor reads them. */
export function embedMeshEdges(context: Context): ValueId | undefined {
  if (context.networks.embedMeshEdges === undefined) return undefined;
  return embed(context, 'embedMeshEdges', 'embedEdges', context.edgeFeatures.mesh);
}
