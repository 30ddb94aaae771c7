/** What holds in every report, whatever was asked. */

/** `expect` is too slow for every number of every report. */
function must(holds: boolean, law: string, where: unknown): void {
  if (!holds) throw new Error(`broken: ${law}: ${JSON.stringify(where)}`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Bytes that are a difference. */
const signed = /saved|shortfall|headroom|growth|error|percent|under|over|change/i;
const parts = ['parameterBytes', 'gradientBytes', 'optimizerBytes', 'activationBytes', 'temporaryBytes', 'inputBytes'];

/** All numbers are finite, sizes are not negative; live ≤ allocated ≤ reserved ≤ device, ranges in order, partitions exact. */
export function ordered(value: unknown, path = ''): void {
  if (typeof value === 'number') {
    must(Number.isFinite(value), 'a number is finite', path);
    if (/(Bytes|Flops|MiB|Ms|count|batchSize)$/.test(path) && !signed.test(path))
      must(value >= 0, 'a size is not negative', `${path} ${value}`);
  }
  if (!isObject(value)) return;
  if (!Array.isArray(value)) inOrder(value, path);
  for (const [key, part] of Object.entries(value)) ordered(part, `${path}.${key}`);
}

function inOrder(value: Readonly<Record<string, unknown>>, path: string): void {
  const { peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes, lowBytes, highBytes } = value as Readonly<
    Record<string, number>
  >;
  const chain = [peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes].filter(
    (each) => each !== undefined,
  );
  for (const [i, each] of chain.entries())
    must(i === 0 || chain[i - 1]! <= each, 'live ≤ allocated ≤ reserved ≤ device', { path, chain });
  if (lowBytes !== undefined && highBytes !== undefined)
    must(lowBytes <= highBytes, 'a range is in order', { path, lowBytes, highBytes });
  if (isObject(value.range) && deviceBytes !== undefined)
    must(
      (value.range.lowBytes as number) <= deviceBytes && deviceBytes <= (value.range.highBytes as number),
      'the range holds the number',
      { path, range: value.range, deviceBytes },
    );
  if (peakLiveBytes !== undefined && parts.every((part) => typeof value[part] === 'number')) {
    const sum = parts.reduce((total, part) => total + (value[part] as number), 0);
    must(sum === peakLiveBytes, 'categories sum to the peak', { path, sum, peakLiveBytes });
  }
  if (peakLiveBytes !== undefined && Array.isArray(value.byModule)) {
    const sum = value.byModule.reduce((total: number, { bytes }: { bytes: number }) => total + bytes, 0);
    must(sum === peakLiveBytes, 'modules sum to the peak', { path, sum, peakLiveBytes });
  }
}
