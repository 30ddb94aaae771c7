/**
 * What the networks read about geometry. Source: google-deepmind/graphcast 08cf736, `model_utils.py`, with the options of the released models.
 */
import type { Edges } from './grid2mesh.js';

/** cos θ, cos φ, sin φ of colatitude θ and longitude φ: `[nodes, 3]`. */
export function nodeFeatures(positions: Float64Array): Float32Array {
  const features = new Float32Array(positions.length);
  for (let at = 0; at < positions.length; at += 3) {
    const longitude = Math.atan2(positions[at + 1]!, positions[at]!);
    features.set([positions[at + 2]!, Math.cos(longitude), Math.sin(longitude)], at);
  }
  return features;
}

/** Length, then sender minus receiver after a turn that brings the receiver to latitude and longitude 0; all ÷ the longest edge: `[edges, 4]`. */
export function edgeFeatures(
  senderPositions: Float64Array,
  receiverPositions: Float64Array,
  { senders, receivers }: Edges,
): Float32Array {
  const features = new Float32Array(4 * senders.length);
  let longest = 0;
  for (let edge = 0; edge < senders.length; edge++) {
    const [rx, ry, rz] = pointAt(receiverPositions, receivers[edge]!);
    const [sx, sy, sz] = pointAt(senderPositions, senders[edge]!);
    const across = Math.hypot(rx, ry);
    const [cosLongitude, sinLongitude] = across > 0 ? [rx / across, ry / across] : [1, 0];
    const [dx, dy, dz] = [sx - rx, sy - ry, sz - rz];
    const outward = dx * cosLongitude + dy * sinLongitude;
    const east = dy * cosLongitude - dx * sinLongitude;
    const length = Math.hypot(dx, dy, dz);
    features.set([length, outward * across + dz * rz, east, dz * across - outward * rz], 4 * edge);
    longest = Math.max(longest, length);
  }
  return features.map((feature) => feature / longest);
}

const pointAt = (positions: Float64Array, node: number): readonly [number, number, number] => [
  positions[3 * node]!,
  positions[3 * node + 1]!,
  positions[3 * node + 2]!,
];
