/** Parameter counts, read off the program: per network and in all. */

import type { ForwardProgram } from './forward-program.js';
import { type Dimensions, numElements } from './shape.js';

export interface ParameterCount {
  readonly count: number;
  readonly byNetwork: readonly { readonly network: string; readonly count: number }[];
}

export function countParameters({ parameters, values }: ForwardProgram, dimensions: Dimensions): ParameterCount {
  const byNetwork = new Map<string, number>();
  for (const { value, network } of parameters) {
    byNetwork.set(network, (byNetwork.get(network) ?? 0) + numElements(values[value]!.shape, dimensions));
  }
  const rows = [...byNetwork].map(([network, count]) => ({ network, count }));
  return { count: rows.reduce((sum, row) => sum + row.count, 0), byNetwork: rows };
}
