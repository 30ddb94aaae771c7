/**
 * `--offload boundary`: of what crosses a cut, only what a segment reads or adds to is on the device while that segment runs. Leaves
 * (parameters, data, graph) never leave it.
 */
import type { ValueId } from '../../ir/types.js';
import type { Ops } from './ops.js';

/** → called before a segment runs with the values that it needs: moves `crossing` between device and host accordingly. */
export function boundaryOffloader<T>(
  ops: Ops<T>,
  crossing: Map<ValueId, T>,
  leaves: ReadonlyMap<ValueId, T>,
): (needed: readonly ValueId[]) => void {
  const onHost = new Map<ValueId, () => T>();
  return (needed) => {
    for (const [id, tensor] of [...crossing]) {
      if (leaves.has(id) || needed.includes(id)) continue;
      onHost.set(id, ops.offload(tensor));
      crossing.delete(id);
    }
    for (const id of needed) {
      const bringBack = onHost.get(id);
      if (bringBack === undefined) continue;
      crossing.set(id, bringBack());
      onHost.delete(id);
    }
  };
}
