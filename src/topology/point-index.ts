/** Points on the unit sphere in cubes of one edge length: which of them lie within a chord of a place. */

export const squaredChord = (a: Float64Array, i: number, b: Float64Array, j: number): number =>
  (a[3 * i]! - b[3 * j]!) ** 2 + (a[3 * i + 1]! - b[3 * j + 1]!) ** 2 + (a[3 * i + 2]! - b[3 * j + 2]!) ** 2;

export class PointIndex {
  private readonly cells = new Map<number, number[]>();
  private readonly perAxis: number;

  /** `reach`: the longest chord that is asked for. */
  constructor(
    /** Cartesian, `[points, 3]`. */
    private readonly positions: Float64Array,
    private readonly reach: number,
  ) {
    this.perAxis = Math.ceil(2 / reach) + 3;
    for (let point = 0; point < positions.length / 3; point++) {
      const cell = this.cell(positions, point, 0, 0, 0);
      const members = this.cells.get(cell);
      if (members) members.push(point);
      else this.cells.set(cell, [point]);
    }
  }

  /** Points no farther than `chord` from place `at`, ascending; `chord` is at most the index's reach. */
  within(places: Float64Array, at: number, chord: number): number[] {
    const found: number[] = [];
    for (const dx of [-1, 0, 1])
      for (const dy of [-1, 0, 1])
        for (const dz of [-1, 0, 1])
          for (const point of this.cells.get(this.cell(places, at, dx, dy, dz)) ?? [])
            if (squaredChord(places, at, this.positions, point) <= chord * chord) found.push(point);
    return found.sort((a, b) => a - b);
  }

  private cell(places: Float64Array, at: number, dx: number, dy: number, dz: number): number {
    const along = (axis: number, shift: number) => Math.floor((places[3 * at + axis]! + 1) / this.reach) + 1 + shift;
    return (along(0, dx) * this.perAxis + along(1, dy)) * this.perAxis + along(2, dz);
  }
}

/** The `count` of the candidates that lie nearest to place `at`. */
export const nearestTo = (
  places: Float64Array,
  at: number,
  positions: Float64Array,
  candidates: readonly number[],
  count: number,
): readonly number[] =>
  candidates
    .map((point) => ({ point, distance: squaredChord(places, at, positions, point) }))
    .sort((a, b) => a.distance - b.distance || a.point - b.point)
    .slice(0, count)
    .map(({ point }) => point);
