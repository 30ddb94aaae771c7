/**
 * How long XLA thinks an all-reduce takes on Hopper: openxla/xla, default_collective_perf_table (key sm_90, Apache 2.0; here from jaxlib 0.10.2,
 * rounded), and collective_interpolator.cc: bytes ÷ the throughput that was measured nearest. Only the order in which kernels run rests on it
 * (`latency-hiding.ts`).
 */

/** Of 256, 512, 1,024 … f32 numbers, in GB/s, by cards. */
const throughput: Readonly<Record<number, readonly number[]>> = {
  // biome-ignore format: a table
  2: [
    0.0083, 0.1221, 0.2218, 0.2547, 0.6764, 2.2857, 4.3025, 7.8168, 16.0313, 27.1258, 50.0275, 47.5243,
    97.2344, 115.0764, 165.9139, 178.6635, 203.1927, 216.2012, 227.2042, 232.468, 242.2423, 250.2895,
  ],
  // biome-ignore format: a table
  4: [
    0.0138, 0.0905, 0.1276, 0.229, 0.5198, 1.4008, 3.6312, 5.0319, 13.1072, 12.3281, 24.1296, 35.4632,
    70.888, 98.6988, 109.8215, 153.7727, 170.0164, 181.8235, 189.0987, 193.3193, 198.2888, 201.5663,
  ],
  // biome-ignore format: a table
  8: [
    0.0208, 0.0569, 0.126, 0.254, 0.4719, 0.87, 1.6503, 3.29, 10.0147, 12.5934, 20.1898, 36.6123,
    61.0774, 80.1174, 115.4819, 148.5446, 176.6915, 200.2819, 212.6659, 220.7877, 227.4445, 229.9682,
  ],
};
const fewest = 256;

const nearest = (sizes: readonly number[], size: number): number =>
  sizes.reduce((best, each) => (Math.abs(each - size) < Math.abs(best - size) ? each : best));

/** Cards whose row of the table holds for so many. */
export const measuredGpus = (gpus: number): number => nearest(Object.keys(throughput).map(Number), gpus);

/** Seconds for `numbers` in f32. */
export function allReduceSeconds(numbers: number, gpus: number): number {
  const row = throughput[measuredGpus(gpus)]!;
  const sizes = row.map((_, power) => fewest * 2 ** power);
  return (4 * numbers) / (1e9 * row[sizes.indexOf(nearest(sizes, numbers))]!);
}
