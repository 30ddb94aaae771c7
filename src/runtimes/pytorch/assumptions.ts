import type { Config } from '../../config/types.js';

/** See "Left out" in docs/memory-model.md, and the published table in docs/accuracy-pytorch.md. */
export function pytorchAssumptions({ recipe }: Config): readonly string[] {
  if (recipe.allocator === 'expandable') return [];
  return [
    'Reserved memory is for the default allocator, whose fragmentation a real card may show differently: of two published readings one is 1 %, one 11 % above. --allocator expandable is the stabler setting.',
  ];
}
