/** Unpacks a trace piece by piece. In a browser `gunzip.browser.ts` stands in its place. */
import { createGunzip } from 'node:zlib';

export function gunzipped(compressed: Uint8Array): AsyncIterable<Uint8Array> {
  const unpacked = createGunzip();
  unpacked.end(compressed);
  return unpacked;
}
