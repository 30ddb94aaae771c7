/** Norms of each head's queries and keys, with a scale and no offset (anemoi-models 0.19.0: `qk_norm`, AutocastLayerNorm). */
import type { ProgramBuilder } from '../../ir/builder.js';
import type { Frame } from '../../ir/frame.js';
import { axis } from '../../ir/shape.js';
import type { Module, ValueId } from '../../ir/types.js';

export interface HeadNorms {
  readonly query: ValueId;
  readonly key: ValueId;
}

const normed = ['query', 'key'] as const;

export function headNormParameters(builder: ProgramBuilder, network: string, module: Module): HeadNorms {
  const scale = (name: string) => builder.parameter(network, module, `${name}.scale`, [axis('headDim')]);
  return { query: scale('queryNorm'), key: scale('keyNorm') };
}

/**
 * The frame's locals `query` and `key`, `[rows, hiddenDim]`, become their norms. `headByHead`: the kernel reads them with all rows of a
 * head together, so that their gradients are copied back.
 */
export function normalizeHeads(
  builder: ProgramBuilder,
  frame: Frame,
  norms: HeadNorms,
  headByHead: boolean,
  heads = axis('heads'),
): void {
  const shapeOf = (id: ValueId) => builder.values[id]!.shape;
  if (headByHead) {
    for (const name of normed) {
      const input = frame.locals.get(name)!;
      frame.set(name, builder.emit(shapeOf(input), `${name}, head by head`, { kind: 'slice', input }));
    }
  }
  for (const name of normed) {
    const input = frame.locals.get(name)!;
    const norm = { kind: 'normalize', input, scale: norms[name], parts: heads, keepsType: true } as const;
    frame.set(name, builder.emit(shapeOf(input), `norm of ${name}`, norm));
  }
}
