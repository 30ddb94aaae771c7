/** How a number of elements is divided over ranks. */

/** As even as it goes, the first ranks one more: the shares of all ranks add up to the whole exactly. */
export const shareOf = (elements: number, rank: number, numRanks: number): number =>
  Math.floor((elements + numRanks - 1 - rank) / numRanks);
