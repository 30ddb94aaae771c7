/** Symbols of how PyTorch's memory-efficient attention pads rows: a code base that attends over rows gives their values. */
/** Rows in whole blocks, as its log-sum-exp has them. */
export const inBlocksOf32 = (rows: string): string => `${rows}InBlocksOf32`;
/** Columns of a bias, whose rows start at multiples of 8 numbers; and those that are copied to get there: all or none. */
export const inBlocksOf8 = (rows: string): string => `${rows}InBlocksOf8`;
export const offBlocksOf8 = (rows: string): string => `${rows}OffBlocksOf8`;
