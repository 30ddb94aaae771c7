/** What an event of the trace was made for: `block: value`, and the same in the backward pass. */

import type { Block, ForwardProgram } from '../../ir/forward-program.js';
import type { ValueId } from '../../ir/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';

export class OperationLabels {
  private readonly forwardLabels: (number | undefined)[] = [];
  private readonly backwardLabels = new Map<number, number>();
  private readonly names: string[] = [];
  private readonly blocks: string[] = [];

  constructor(
    private readonly program: ForwardProgram,
    private readonly recorder: TraceRecorder,
  ) {}

  forward(value: ValueId, block: Block): number {
    let label = this.forwardLabels[value];
    if (label === undefined) {
      const name = `${block.name}: ${this.program.values[value]!.name}`;
      label = this.recorder.operation(name, block.name);
      this.names[label] = name;
      this.blocks[label] = block.name;
      this.forwardLabels[value] = label;
    }
    return label;
  }

  backward(operation: number): number {
    let label = this.backwardLabels.get(operation);
    if (label === undefined) {
      label = this.recorder.operation(`${this.names[operation] ?? 'step'}, backward`, this.blocks[operation]);
      this.backwardLabels.set(operation, label);
    }
    return label;
  }
}
