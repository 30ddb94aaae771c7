/**
 * Which gradients travel together: XLA joins all-reduces of up to 30 MiB and 7 bytes (all_reduce_combiner.cc; collective_utils.h,
 * `kDefaultAllReduceCombineThreshold`), from the last parameter to the first in the order of Haiku's names, which are sorted as text.
 */
import { MiB } from '../../units.js';
import { lastOfKernels } from './global-norm.js';

const thresholdBytes = 30 * MiB + 7;

/** Names of DeepMind's modules, of one network, in the order of the text (deep_typed_graph_net.py: decoder_, encoder_, processor_…). */
const parts = ['head', 'embedEdges', 'embedGridNodes', 'embedMeshNodes', 'edges', 'gridNodes', 'meshNodes', 'nodes'];
const networks = ['grid2mesh', 'mesh2grid', 'mesh'];

/** `mesh.10.nodes.linear1.weight`: `mesh_gnn/…/processor_nodes_10_mesh_nodes_mlp/~/linear_1` `w`. */
function sortKey(name: string): string {
  const path = name.split('.');
  const layer = path.find((each) => /^\d+$/.test(each)) ?? '';
  const [network = '', part = '', ...rest] = path.filter((each) => each !== layer);
  const place = (of: readonly string[], each: string) => String.fromCharCode(65 + of.indexOf(each));
  const isNorm = rest[0] === 'norm';
  return `${place(networks, network)}${place(parts, part)}${layer}_${isNorm ? 'a' : 'b'}${rest.join('.')}`;
}

interface Named {
  /** Of the parameter. */
  readonly name: string;
}

interface Sent extends Named {
  readonly bytes: number;
}

/** From the last parameter to the first. */
export function inOrderOfNames<T extends Named>(gradients: readonly T[]): readonly T[] {
  const keyed = gradients.map((sent) => ({ sent, key: sortKey(sent.name) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? 1 : a.key > b.key ? -1 : 0)).map(({ sent }) => sent);
}

/** `isClipped`: the global norm reads them (`global-norm.ts`), whose kernels XLA has when it joins gradients. */
export function combined<T extends Sent>(gradients: readonly T[], isClipped: boolean): readonly (readonly T[])[] {
  const inOrder = inOrderOfNames(gradients);
  const last = isClipped ? lastOfKernels(inOrder) : [];
  const groups: T[][] = [];
  let joinedBytes = Number.POSITIVE_INFINITY;
  for (const sent of [...inOrder.filter((each) => !last.includes(each)), ...last.toReversed()]) {
    if (joinedBytes + sent.bytes > thresholdBytes) {
      groups.push([]);
      joinedBytes = 0;
    }
    groups.at(-1)!.push(sent);
    joinedBytes += sent.bytes;
  }
  return groups;
}
