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
    6.722, 12.373, 23.692, 43.805, 82.646,
    11.46, 23.046, 43.805, 83.056, 146.207,
    18.893, 41.121, 75.066, 141.58, 237.554,
    31.896, 63.913, 119.624, 222.583, 345.922,
    90.933, 93.077, 177.068, 296.286, 418.45,
    12.336, 23.63, 45.714, 84.52, 141.282,
    23.046, 43.577, 85.38, 147.492, 243.589,
    41.528, 73.423, 146.526, 241.834, 381.3,
    61.681, 116.307, 231.012, 342.829, 529.981,
    92.82, 187.455, 300.937, 460.413, 661.578,
    23.564, 45.467, 80.854, 144.32, 219.669,
    43.691, 84.308, 149.131, 244.032, 347.714,
    69.76, 144.01, 252.764, 384.028, 494.356,
    116.105, 235.47, 359.833, 529.458, 639.132,
    187.193, 312.134, 472.598, 665.68, 751.92,
    45.344, 84.308, 145.572, 219.669, 303.317,
    78.952, 150.132, 244.923, 348.617, 449.264,
    142.785, 257.616, 386.795, 498.025, 596.523,
    231.41, 354.136, 535.265, 641.04, 725.501,
    333.875, 458.081, 663.623, 752.183, 752.315,
    84.52, 141.879, 222.953, 308.192, 398.568,
    144.944, 240.103, 354.604, 449.641, 551.769,
    229.04, 377.546, 497.563, 604.584, 685.221,
    314.327, 531.03, 643.73, 727.467, 735.566,
    398.864, 661.986, 751.657, 759.365, 780.194,
  ],
  // biome-ignore format: a table
  fp32: [
    6.026, 10.156, 17.697, 33.893, 55.924,
    9.059, 16.644, 26.631, 51.782, 81.74,
    15.252, 20.945, 68.618, 72.865, 111.662,
    41.222, 67.243, 60.241, 99.2, 143.625,
    61.343, 108.24, 160.356, 123.589, 184.175,
    10.23, 17.623, 34.38, 56.205, 80.66,
    15.768, 26.801, 52.511, 81.84, 133.417,
    23.899, 42.632, 72.707, 117.632, 192.98,
    67.787, 57.456, 96.838, 170.111, 245.371,
    110.365, 158.276, 123.532, 185.064, 280.57,
    17.586, 33.554, 56.394, 83.781, 108.066,
    26.673, 46.668, 81.84, 100.088, 153.299,
    41.425, 72.865, 116.61, 195.795, 240.641,
    58.305, 99.273, 169.681, 249.128, 283.01,
    161.903, 122.072, 184.175, 283.758, 325.821,
    32.961, 55.924, 83.573, 114.912, 147.492,
    50.382, 82.342, 133.683, 150.891, 195.368,
    68.689, 116.206, 199.877, 256.999, 302.633,
    100.688, 192.151, 266.834, 342.611, 315.25,
    122.183, 174.873, 326.266, 372.052, 383.411,
    55.188, 83.886, 115.011, 132.757, 187.651,
    81.74, 130.689, 146.207, 196.077, 237.448,
    114.423, 194.66, 274.054, 303.66, 309.035,
    191.193, 271.284, 345.922, 310.824, 326.514,
    233.625, 325.567, 301.399, 381.673, 403.15,
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
