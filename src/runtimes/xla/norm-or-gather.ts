/**
 * What XLA:GPU fuses into the kernel that concatenates an edge's rows in an f32 forecast, where two want to be: the gathers of both ends'
 * rows, and the norm of the edge's own. A Triton kernel, which norms are, gathers nothing, so that whoever is first shuts the other out.
 *
 * openxla/xla, priority_fusion.cc: producers wait in a queue, and the one whose fusion saves the most time is next; of equals the youngest.
 * Each operation on the same rows saves the same: a write, a read and a launch. What is left is how times round to quarters of a nanosecond
 * (gpu_performance_model_base.cc, combined_gpu_performance_model.cc, gpu_indexing_performance_model.cc, absl/time/duration.cc). So this file
 * counts in those quarters, with floats of the same width. Checked against XLA's own dump of its queue: ten forecasts, to the quarter.
 */
import { firstHopper } from './gemm.js';

export interface EdgeRows {
  readonly edges: number;
  readonly samples: number;
  /** Columns: a power of two, or no Triton kernel normalises inside a concatenation. */
  readonly width: number;
}

/** A card as XLA describes it (its target specs), and what an operation costs there (hlo_op_profiles_data.h: clock cycles per element). */
interface Described {
  readonly bytesPerSecond: number;
  readonly operationsPerNanosecond: number;
  readonly l2Bytes: number;
  readonly add: number;
  readonly multiply: number;
}

/** Whole ones, as XLA cuts them. */
const perNanosecond = (ghz: number, cores: number, unitsPerCore: number): number =>
  Math.floor(2 * ghz * cores * unitsPerCore);

/** H100. */
const hopper: Described = {
  bytesPerSecond: 3_352_320_000_000,
  operationsPerNanosecond: perNanosecond(1.98, 132, 128),
  l2Bytes: 52_428_800,
  add: 7,
  multiply: 3,
};
/** A100; the profile of its generation has neither operation, and what it does not have costs 3. */
const ampere: Described = {
  bytesPerSecond: 1_555_200_000_000,
  operationsPerNanosecond: perNanosecond(1.41, 108, 64),
  l2Bytes: 41_943_040,
  add: 3,
  multiply: 3,
};

const f32 = 4;
/** Operands of the concatenation: the edge's row and both ends'. */
const numJoined = 3;
/** Comparing and branching; more where operands do not end with a warp's 32 threads. */
const operationsPerConcatenated = (width: number): number => (width % 32 === 0 ? 6 : 400);
/** Two fifths of a block's 65,536 registers may hold a tile, whose sides are powers of two. */
const tileElements = 2 ** 14;
/** Of all cores, of which XLA counts 2 KiB each. */
export const l1Bytes = 2048 * 132;
const l2Speedup = 2.5;
const l1Speedup = 8;
/** Of the shorter one of computing and moving. */
const hiddenShare = 0.95;

const ticksPerSecond = 4e9;
const ticks = (seconds: number): number => Math.round(seconds * ticksPerSecond);

/** As absl multiplies a duration. */
function scaled(duration: number, factor: number): number {
  const seconds = (duration * factor) / ticksPerSecond;
  const whole = Math.trunc(seconds);
  return whole * ticksPerSecond + Math.round((seconds - whole) * ticksPerSecond);
}

/** Of computing so much, what a kernel that moves more shows. */
function visible(operations: number, { operationsPerNanosecond }: Described): number {
  const computing = scaled(4, Math.fround(Math.fround(operations) / Math.fround(operationsPerNanosecond)));
  return computing - scaled(computing, hiddenShare);
}

/** What fusing two kernels saves beyond what all fusions save: roundings. */
const savedByFusing = (a: number, b: number, card: Described): number =>
  visible(a, card) + visible(b, card) - visible(a + b, card);

/** (x − mean) · factor + offset, then the concatenation, where factor = scale / deviation. Each is read by the next one alone. */
const chain = ['factor', 'product', 'sum', 'concatenation'] as const;
type Part = (typeof chain)[number];

interface Kernel {
  readonly parts: readonly Part[];
  /** Per element of the edge's rows. */
  readonly operations: number;
  /** Whether it repeats one number per row or column itself. */
  readonly repeats: boolean;
  /** A fusion keeps its youth when more is fused into it; a single operation becomes a fusion, younger than all that there is. */
  readonly isFusion: boolean;
  readonly youth: number;
}

/** What repeats one number per row or column has a kernel of its own at first: deviation, offset, scale. All are younger than gathers. */
const repeaters: readonly { readonly into: Part; readonly youth: number }[] = [
  { into: 'factor', youth: 4 },
  { into: 'sum', youth: 3 },
  { into: 'factor', youth: 1 },
];

/** Whether the norm comes first. */
export function normalisesFirst(rows: EdgeRows, computeCapability: number): boolean {
  const card = computeCapability >= firstHopper ? hopper : ampere;
  const elements = rows.edges * rows.samples * rows.width;
  const saved = (a: Kernel, b: Kernel) => savedByFusing(a.operations * elements, b.operations * elements, card);
  const single = (part: Part, operations: number, youth: number, isFusion = false): Kernel => ({
    parts: [part],
    operations,
    repeats: false,
    isFusion,
    youth,
  });
  let kernels = [
    single('factor', card.multiply, 2),
    // What it reads is reshaped, which has been fused into it.
    single('product', card.multiply, 5, true),
    single('sum', card.add, 2),
    single('concatenation', numJoined * operationsPerConcatenated(rows.width), 0, true),
  ];
  let waiting = [...repeaters];
  const find = (part: Part) => kernels.find(({ parts }) => parts.includes(part))!;

  for (let newest = 6; !find('product').repeats; newest++) {
    const enter = (reader: Kernel, { parts, operations }: Pick<Kernel, 'parts' | 'operations'>, repeats: boolean) => {
      const fused: Kernel = {
        parts: [...parts, ...reader.parts],
        operations: operations + reader.operations,
        repeats: repeats || reader.repeats,
        isFusion: true,
        youth: reader.isFusion ? reader.youth : newest,
      };
      kernels = kernels.flatMap((each) => (each === reader ? [fused] : parts.includes(each.parts[0]!) ? [] : [each]));
    };
    const candidates = [
      ...waiting.map((repeater) => ({
        saved: 0,
        youth: repeater.youth,
        fuse: () => {
          waiting = waiting.filter((each) => each !== repeater);
          enter(find(repeater.into), { parts: [], operations: 0 }, true);
        },
      })),
      ...kernels.slice(0, -1).map((kernel, index) => ({
        saved: saved(kernel, kernels[index + 1]!),
        youth: kernel.youth,
        fuse: () => enter(kernels[index + 1]!, kernel, kernel.repeats),
      })),
    ];
    const best = candidates.reduce((a, b) => ((b.saved - a.saved || b.youth - a.youth) > 0 ? b : a));
    // Gathers save 0.
    if (best.saved < 0) return false;
    best.fuse();
  }

  // Triton's kernel, which centres the rows, joins a product that repeats something: Triton reads that once per tile, others once per element.
  const [product, sum] = [find('product'), find('sum')];
  if (sum.parts.includes('concatenation')) return true;
  const sumComesFirst = !sum.isFusion && saved(sum, find('concatenation')) > 0;
  return (product !== sum && sumComesFirst) || savedByTriton(rows, card) >= 0;
}

/** What fusing the whole norm, by now one Triton kernel, into the concatenation saves beyond what gathers save. */
function savedByTriton({ edges, samples, width }: EdgeRows, card: Described): number {
  const numRows = edges * samples;
  const rowBytes = width * f32;
  const numPadded = paddedRows(edges, samples, Math.max(1, tileElements / width)) - numRows;
  const { add, multiply } = card;
  const perRow = add * (width - 1) + multiply + (add + 2 * multiply + add) * width;
  const perJoinedRow = numJoined * operationsPerConcatenated(width) * width;
  const norm = perRow * (numRows + numPadded);
  const rounded =
    visible(norm, card) +
    visible(perJoinedRow * numRows, card) -
    visible(norm + perJoinedRow * (numRows + numPadded), card);
  const bytes = numRows * rowBytes;
  // Tiles that reach over the end read other rows again, of both ends.
  const readAgain = 2 * readingAgain(numPadded * rowBytes, bytes, card);
  return rounded - readAgain + tritonWrites(bytes, card) - tritonWrites(numJoined * bytes, card);
}

/** Rows of whole tiles; a tile may hold several samples of fewer edges. */
function paddedRows(edges: number, samples: number, rowsOfTile: number): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (let ofSamples = 1; ofSamples < 2 * samples && ofSamples <= rowsOfTile; ofSamples *= 2) {
    const ofEdges = rowsOfTile / ofSamples;
    const rows = Math.ceil(edges / ofEdges) * ofEdges * Math.ceil(samples / ofSamples) * ofSamples;
    fewest = Math.min(fewest, rows);
  }
  return fewest;
}

/** `bytes` of an array, from a cache where the array lies in it. */
function readingAgain(bytes: number, arrayBytes: number, { bytesPerSecond, l2Bytes }: Described): number {
  const speedup = arrayBytes >= l2Bytes ? 1 : arrayBytes >= l1Bytes ? l2Speedup : l2Speedup * l1Speedup;
  return ticks(Math.fround(Math.fround(bytes) / Math.fround(bytesPerSecond * speedup)));
}

/** How much longer Triton's kernels write: XLA divides in 64 bits for them, in 32 for others. */
function tritonWrites(bytes: number, { bytesPerSecond }: Described): number {
  return ticks(bytes / bytesPerSecond) - ticks(Math.fround(Math.fround(bytes) / Math.fround(bytesPerSecond)));
}
