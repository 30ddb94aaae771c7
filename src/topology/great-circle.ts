/**
 * Volume spanned by nodes `a`, `b` and a point: positive where the point lies left of the great circle from `a` to `b`.
 * `nodes` and `points` are cartesian, `[…, 3]`.
 */
export function leftOfGreatCircle(
  nodes: Float64Array,
  a: number,
  b: number,
  points: Float64Array,
  point: number,
): number {
  const ax = nodes[3 * a]!;
  const ay = nodes[3 * a + 1]!;
  const az = nodes[3 * a + 2]!;
  const bx = nodes[3 * b]!;
  const by = nodes[3 * b + 1]!;
  const bz = nodes[3 * b + 2]!;
  return (
    points[3 * point]! * (ay * bz - az * by) +
    points[3 * point + 1]! * (az * bx - ax * bz) +
    points[3 * point + 2]! * (ax * by - ay * bx)
  );
}
