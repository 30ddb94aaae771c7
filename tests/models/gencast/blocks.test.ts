/** Blocks against masks that were built: reverse Cuthill-McKee of the real meshes, all nodes within k hops (scipy 1.17, 2026-11). */
import { describe, expect, it } from 'vitest';
import { blockSize } from '../../../src/models/gencast/blocks.js';

/** Mesh level → [hops, rows of a block], where k hops lead fewer than k·(5·2^m + 1) rows away; all others of 1 to 64 hops are that. */
const built: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  1: [
    [3, 32],
    [4, 39],
    [5, 41],
  ],
  2: [
    [5, 104],
    [6, 121],
    [7, 135],
    [8, 147],
    [9, 154],
    [10, 159],
    [11, 161],
  ],
  3: [
    [9, 368],
    [10, 405],
    [11, 439],
    [12, 471],
    [13, 500],
    [14, 527],
    [15, 551],
    [16, 573],
    [17, 590],
    [18, 605],
    [19, 617],
    [20, 627],
    [21, 634],
    [22, 639],
    [23, 641],
  ],
  4: [
    [17, 1376],
    [18, 1453],
    [19, 1527],
    [20, 1599],
    [21, 1668],
    [22, 1735],
    [23, 1799],
    [24, 1861],
    [25, 1920],
    [26, 1977],
    [27, 2031],
    [28, 2083],
    [29, 2132],
    [30, 2179],
    [31, 2223],
    [32, 2265],
    [33, 2302],
    [34, 2337],
    [35, 2369],
    [36, 2399],
    [37, 2426],
    [38, 2451],
    [39, 2473],
    [40, 2493],
    [41, 2510],
    [42, 2525],
    [43, 2537],
    [44, 2547],
    [45, 2554],
    [46, 2559],
    [47, 2561],
  ],
  5: [
    [33, 5312],
    [34, 5469],
    [35, 5623],
    [36, 5775],
    [37, 5924],
    [38, 6071],
    [39, 6215],
    [40, 6357],
    [41, 6496],
    [42, 6633],
    [43, 6767],
    [44, 6899],
    [45, 7028],
    [46, 7155],
    [47, 7279],
    [48, 7401],
    [49, 7520],
    [50, 7637],
    [51, 7751],
    [52, 7863],
    [53, 7972],
    [54, 8079],
    [55, 8183],
    [56, 8285],
    [57, 8384],
    [58, 8481],
    [59, 8575],
    [60, 8667],
    [61, 8756],
    [62, 8843],
    [63, 8927],
    [64, 9009],
  ],
};

describe('a block of GenCast’s attention', () => {
  it('is as large as the bandwidth of the mask, on every mesh and for every number of hops that was built', () => {
    for (const [mesh, exceptions] of Object.entries(built)) {
      const side = 2 ** Number(mesh);
      const known = new Map(exceptions);
      for (let hops = 1; hops <= 64; hops++) {
        const straight = Math.min(10 * side ** 2 + 2, hops * (5 * side + 1) + 1);
        expect([mesh, hops, blockSize(Number(mesh), hops)]).toEqual([mesh, hops, known.get(hops) ?? straight]);
      }
    }
  });

  it('never shrinks with more hops, and ends at the whole mesh', () => {
    for (const mesh of [1, 2, 3, 4, 5, 6]) {
      const sizes = Array.from({ length: 256 }, (_, hops) => blockSize(mesh, hops + 1));
      expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
      expect(sizes.at(-1)).toBe(10 * 4 ** mesh + 2);
    }
  });

  it('of the released models has the size that public compiles of them have', () => {
    expect([blockSize(4, 16), blockSize(5, 16), blockSize(6, 32)]).toEqual([1297, 2577, 10273]);
  });
});
