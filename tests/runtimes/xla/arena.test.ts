/** Lifetimes, sizes and the arena of compiled forecasts, read from XLA's buffer assignment and heap trace (jaxlib 0.10.2). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ArenaArray, arenaOf, packed } from '../../../src/runtimes/xla/arena.js';

interface CompiledArena {
  readonly grid: readonly [number, number];
  readonly mesh_size: number;
  readonly latent_size: number;
  readonly gnn_msg_steps: number;
  readonly ar_steps: number;
  /** Of which the heap simulator lays out all but tuples and what is alive in no computation. */
  readonly temp_bytes: number;
  readonly heap_bytes: number;
  /** In the order of their numbers: bytes, first and last instruction, and the array in whose memory it begins. */
  readonly arrays: readonly (readonly [number, number, number, number?])[];
}

const compiled = readFileSync('tests/data/xla-arenas.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as CompiledArena);

const nameOf = ({ grid, mesh_size, latent_size, gnn_msg_steps, ar_steps }: CompiledArena): string =>
  `${grid.join('×')}, mesh ${mesh_size}, ${latent_size}/${gnn_msg_steps}, ${ar_steps} steps`;

function packedAgain({ arrays }: CompiledArena) {
  const own = arrays.map(([bytes, first, last], id): ArenaArray => ({ id, bytes, first, last }));
  const takenOver = arrays.flatMap(([, , , over], id) => (over === undefined ? [] : [[id, over] as const]));
  return packed(own, new Map(takenOver));
}

describe('XLA’s arena from XLA’s own lifetimes', () => {
  it.each(compiled.map((each) => [nameOf(each), each] as const))('of %s is the same to the byte', (_, each) => {
    expect(packedAgain(each).arenaBytes).toBe(each.heap_bytes);
    expect(each.heap_bytes).toBeLessThanOrEqual(each.temp_bytes);
  });

  it('has gaps of up to a tenth', () => {
    const gaps = compiled.map((each) => 1 - packedAgain(each).mostAliveBytes / each.heap_bytes);
    expect(Math.max(...gaps)).toBeGreaterThan(0.08);
    expect(Math.min(...gaps)).toBeLessThan(0.0001);
  });
});

describe('an array that begins in the memory of another', () => {
  const arrays: readonly ArenaArray[] = [
    { id: 0, bytes: 512, first: 0, last: 1 },
    { id: 1, bytes: 512, first: 1, last: 2 },
  ];
  const end = { reads: [1], writes: [] };

  it('is the sum that a kernel writes over what it reads last', () => {
    const sum = { kind: 'elementwise', reads: [0], writes: [1] };
    expect(arenaOf(arrays, [{ reads: [], writes: [0] }, sum, end]).takenOver).toEqual(new Map([[1, 0]]));
  });

  it.each([
    ['reads at other elements', [{ reads: [], writes: [0] }, { reads: [0], writes: [1] }, end]],
    ['reads a product', [{ reads: [], writes: [0, 2] }, { kind: 'elementwise', reads: [0], writes: [1] }, end]],
    ['writes several', [{ reads: [], writes: [0] }, { kind: 'elementwise', reads: [0], writes: [1, 2] }, end]],
  ])('is none where the kernel %s', (_, kernels) => {
    expect(arenaOf(arrays, kernels).takenOver.size).toBe(0);
  });

  it('is none where the other is read again', () => {
    const again = arrays.map((array) => ({ ...array, last: 2 }));
    const sum = { kind: 'elementwise', reads: [0], writes: [1] };
    expect(arenaOf(again, [{ reads: [], writes: [0] }, sum, { reads: [0, 1], writes: [] }]).takenOver.size).toBe(0);
  });
});
