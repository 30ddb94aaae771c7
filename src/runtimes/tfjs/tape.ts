/** What a tape holds of each operation, and the way that gradients take through it. Source: tfjs-core 4.22.0, tape.ts (getFilteredNodesXToY). */
import type { SymbolicTensor } from './symbolic-tensor.js';

/** What is written down under one name: its kernels, by their names the trace's operations, and the name of their gradients. */
export class OfLabel {
  readonly kernels = new Map<string, number>();
  ofGradient: OfLabel | undefined;

  constructor(readonly label: string) {}
}

export interface TapeNode {
  readonly inputs: Readonly<Record<string, SymbolicTensor>>;
  readonly output: SymbolicTensor;
  readonly saved: readonly SymbolicTensor[];
  readonly gradient: (
    dy: SymbolicTensor,
    saved: readonly SymbolicTensor[],
  ) => Readonly<Record<string, () => SymbolicTensor>>;
  readonly place: OfLabel;
  readonly module: string;
  /** The rollout step that made it. */
  readonly turn: number;
}

export type Gradient = TapeNode['gradient'];

/** Nodes through which a gradient flows from `y` to one of `xs`, each with the inputs that depend on them. */
export function pathFromTo(tape: readonly TapeNode[], xs: readonly SymbolicTensor[], y: SymbolicTensor): TapeNode[] {
  const fromX = new Set(xs);
  const dependsOnX = (input: SymbolicTensor) => fromX.has(input);
  const reached = tape.filter((node) => {
    if (!Object.values(node.inputs).some(dependsOnX)) return false;
    fromX.add(node.output);
    return true;
  });
  const towardsY = new Set([y]);
  const leading = new Set<TapeNode>();
  for (const node of tape.toReversed()) {
    if (!towardsY.has(node.output)) continue;
    for (const name in node.inputs) towardsY.add(node.inputs[name]!);
    leading.add(node);
  }
  return reached
    .filter((node) => leading.has(node))
    .map((node) => {
      const inputs: Record<string, SymbolicTensor> = {};
      for (const name in node.inputs) if (fromX.has(node.inputs[name]!)) inputs[name] = node.inputs[name]!;
      return { ...node, inputs };
    });
}
