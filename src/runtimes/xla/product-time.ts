/**
 * How long XLA thinks a matrix product takes on Hopper: openxla/xla, default_matmul_perf_table.txtpb (key sm_90, Apache 2.0; here from
 * jaxlib 0.10.2, rounded), and matmul_interpolator.cc: operations ÷ the throughput between the table's neighbours, which weigh the less the
 * farther they are. Only the order in which kernels run rests on it (`latency-hiding.ts`).
 */

const sides = [256, 512, 1024, 2048, 4096] as const;

/** TFLOP/s of `[m, k] · [k, n]`: 25 rows of m, then k; columns of n. */
const throughput = {
  // biome-ignore format: a table
  bf16: [
    6.7, 12.4, 23.7, 43.8, 82.6,
    11.5, 23.0, 43.8, 83.1, 146.2,
    18.9, 41.1, 75.1, 141.6, 237.6,
    31.9, 63.9, 119.6, 222.6, 345.9,
    90.9, 93.1, 177.1, 296.3, 418.4,
    12.3, 23.6, 45.7, 84.5, 141.3,
    23.0, 43.6, 85.4, 147.5, 243.6,
    41.5, 73.4, 146.5, 241.8, 381.3,
    61.7, 116.3, 231.0, 342.8, 530.0,
    92.8, 187.5, 300.9, 460.4, 661.6,
    23.6, 45.5, 80.9, 144.3, 219.7,
    43.7, 84.3, 149.1, 244.0, 347.7,
    69.8, 144.0, 252.8, 384.0, 494.4,
    116.1, 235.5, 359.8, 529.5, 639.1,
    187.2, 312.1, 472.6, 665.7, 751.9,
    45.3, 84.3, 145.6, 219.7, 303.3,
    79.0, 150.1, 244.9, 348.6, 449.3,
    142.8, 257.6, 386.8, 498.0, 596.5,
    231.4, 354.1, 535.3, 641.0, 725.5,
    333.9, 458.1, 663.6, 752.2, 752.3,
    84.5, 141.9, 223.0, 308.2, 398.6,
    144.9, 240.1, 354.6, 449.6, 551.8,
    229.0, 377.5, 497.6, 604.6, 685.2,
    314.3, 531.0, 643.7, 727.5, 735.6,
    398.9, 662.0, 751.7, 759.4, 780.2,
  ],
  // biome-ignore format: a table
  fp32: [
    6.0, 10.2, 17.7, 33.9, 55.9,
    9.1, 16.6, 26.6, 51.8, 81.7,
    15.3, 20.9, 68.6, 72.9, 111.7,
    41.2, 67.2, 60.2, 99.2, 143.6,
    61.3, 108.2, 160.4, 123.6, 184.2,
    10.2, 17.6, 34.4, 56.2, 80.7,
    15.8, 26.8, 52.5, 81.8, 133.4,
    23.9, 42.6, 72.7, 117.6, 193.0,
    67.8, 57.5, 96.8, 170.1, 245.4,
    110.4, 158.3, 123.5, 185.1, 280.6,
    17.6, 33.6, 56.4, 83.8, 108.1,
    26.7, 46.7, 81.8, 100.1, 153.3,
    41.4, 72.9, 116.6, 195.8, 240.6,
    58.3, 99.3, 169.7, 249.1, 283.0,
    161.9, 122.1, 184.2, 283.8, 325.8,
    33.0, 55.9, 83.6, 114.9, 147.5,
    50.4, 82.3, 133.7, 150.9, 195.4,
    68.7, 116.2, 199.9, 257.0, 302.6,
    100.7, 192.2, 266.8, 342.6, 315.3,
    122.2, 174.9, 326.3, 372.1, 383.4,
    55.2, 83.9, 115.0, 132.8, 187.7,
    81.7, 130.7, 146.2, 196.1, 237.4,
    114.4, 194.7, 274.1, 303.7, 309.0,
    191.2, 271.3, 345.9, 310.8, 326.5,
    233.6, 325.6, 301.4, 381.7, 403.1,
  ],
} as const;

interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly elementBytes: number;
}

const clamped = (size: number): number => Math.min(Math.max(size, sides[0]), sides[4]);

/** Indices of the table's sides around a size: the powers of two below and above. */
const around = (size: number): readonly number[] => {
  const power = Math.log2(size);
  return [Math.ceil(Math.log2((size >> 1) + 1)), Math.ceil(power)].map((each) =>
    sides.indexOf(clamped(2 ** each) as 256),
  );
};

/** Seconds. */
export function productSeconds({ rows, inner, columns, elementBytes }: Product): number {
  const table = elementBytes === 2 ? throughput.bf16 : throughput.fp32;
  let [sum, weights] = [0, 0];
  for (const m of around(rows))
    for (const k of around(inner))
      for (const n of around(columns)) {
        const distance = (sides[m]! - rows) ** 2 + (sides[k]! - inner) ** 2 + (sides[n]! - columns) ** 2;
        const weight = 1 / (1 + distance);
        sum += weight * table[(5 * m + k) * 5 + n]!;
        weights += weight;
      }
  return (2 * rows * inner * columns) / ((1e12 * sum) / weights);
}
