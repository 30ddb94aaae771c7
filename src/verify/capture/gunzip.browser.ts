/** What `gunzip.ts` is in a browser: its own decompression. */
export async function* gunzipped(compressed: Uint8Array): AsyncGenerator<Uint8Array> {
  const reader = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value;
}
