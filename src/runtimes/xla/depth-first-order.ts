import type { Order, Step, Versions } from './memory-order.js';

/**
 * `DFSMemoryScheduler` (`memory-order.ts`): post-order from the results. Of several operands it takes that first whose makers have most other readers, then whose
 * makers' results are most bytes. Both are sums over all paths and soon as much as there is: the bytes up to there in a post-order from the
 * first operand to the last, of which the last is then taken first.
 */
export function depthFirst({ steps, bytesOf }: Versions): Order {
  const operands = operandsOf(steps, bytesOf.length);
  const places = new Int32Array(steps.length);
  for (const [place, index] of postOrder(operands).entries()) places[index] = place;
  for (const each of operands) each.sort((a, b) => places[b]! - places[a]!);
  return postOrder(operands);
}

/** Per step: those whose results it reads, each once, in the order in which it reads them. */
function operandsOf(steps: readonly Step[], numArrays: number): number[][] {
  const makers = new Int32Array(numArrays).fill(-1);
  return steps.map(({ reads, writes }, index) => {
    const operands: number[] = [];
    for (const id of reads) {
      const maker = makers[id]!;
      if (maker >= 0 && !operands.includes(maker)) operands.push(maker);
    }
    for (const id of writes) makers[id] = index;
    return operands;
  });
}

/** From what nobody reads, the last first. Without recursion: a step of a thousand layers is as deep. */
function postOrder(operandsOf: readonly (readonly number[])[]): readonly number[] {
  const isRead = new Uint8Array(operandsOf.length);
  for (const operands of operandsOf) for (const operand of operands) isRead[operand] = 1;
  const isSeen = new Uint8Array(operandsOf.length);
  const numVisited = new Int32Array(operandsOf.length);
  const order: number[] = [];
  const path: number[] = [];
  const enter = (index: number): void => {
    if (isSeen[index] === 1) return;
    isSeen[index] = 1;
    path.push(index);
  };
  for (let root = operandsOf.length - 1; root >= 0; root--) {
    if (isRead[root] === 1) continue;
    enter(root);
    while (path.length > 0) {
      const index = path.at(-1)!;
      const next = operandsOf[index]![numVisited[index]!++];
      if (next !== undefined) enter(next);
      else order.push(path.pop()!);
    }
  }
  return order;
}
