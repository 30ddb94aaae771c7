/** A program with some operations replaced by several, and some values by others of another shape. */

import type { Block, ForwardProgram, Node } from '../ir/forward-program.js';
import type { Operation } from '../ir/operations.js';
import type { Shape } from '../ir/shape.js';
import type { Value, ValueId } from '../ir/types.js';

export class ProgramRewriter {
  readonly values: Value[];

  constructor(private readonly program: ForwardProgram) {
    this.values = [...program.values];
  }

  /** A new result of an operation, like `of` but for its shape. */
  valueLike(of: ValueId, name: string, shape: Shape): ValueId {
    const id = this.values.length;
    this.values.push({ ...this.values[of]!, id, name, shape, source: 'operation' });
    return id;
  }

  reshape(value: ValueId, shape: Shape): void {
    this.values[value] = { ...this.values[value]!, shape };
  }

  /** `replace` gives what stands in an operation's place. */
  finish(replace: (operation: Operation, block: Block) => readonly Node[]): ForwardProgram {
    const visit = (block: Block): Block => ({
      ...block,
      body: block.body.flatMap((node): readonly Node[] => {
        if (node.kind === 'block') return [visit(node)];
        return node.kind === 'drop' ? [node] : replace(node, block);
      }),
    });
    const root = visit(this.program.root);
    return { ...this.program, values: this.values, root };
  }
}
