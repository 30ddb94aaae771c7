/** How a pool gets memory from the device and gives it back. */
export interface Segments {
  /** A rest of at least this size is split off a block. */
  minRestBytes(pool: number): number;
  reset(): void;
  /** A free block of at least `bytes`; `none` where the device is full. */
  grow(pool: number, bytes: number): number;
  /** Gives unused memory back, as PyTorch does before it reports that it is out of memory. */
  trim(): void;
}
