/** JAX's process: one pool of the BFC allocator for arguments, constants and XLA's arena, then the CUDA context. */
import type { Config, Device, Recipe } from '../../config/types.js';
import { type BfcRequests, bfcAllocatedBytes, bfcGrownPool, bfcPool } from '../../memory/allocators/bfc.js';
import { peakLiveBytes as livePeak } from '../../memory/liveness.js';
import { type Category, categories, originCode, type Trace } from '../../memory/trace.js';
import type { BytesRange } from '../../memory/verdict.js';
import { counts } from '../../models/counts.js';
import { layoutOf } from '../../models/index.js';
import type { ProcessInput, ProcessMemory, RecordedInput } from '../process.js';
import { attentionReadings } from './attention-readings.js';
import { firstHopper, gemmKind, gemmOf } from './gemm.js';
import { mayNormaliseInConcat } from './inference.js';
import { transactionBytes } from './kernel-times.js';
import { isHidden, meetsInOrder } from './latency-hiding.js';
import { type LossHeadWidth, lossHeadWidths } from './loss-head-width.js';
import { normalisesFirst } from './norm-or-gather.js';
import { lossHeadColumns } from './symbols.js';
import { recomputationSentence, xlaRemat } from './xla-remat.js';

/**
 * How far the arena of a GEMM back end lies from the rules, which are cuBLAS's: measured error bars over the records of docs/jax.md,
 * not derived. Triton fuses gather and concatenation into the product and stores less: 0.82–1.04 of the arena, and 0.74 in a
 * rollout's loop, whose body defers nothing. Where kernels are put in order (`kernel-order.ts`), which arrays meet hangs on an order
 * of hundreds of kernels; in fp32 before Hopper that order hangs on how many arrays meet in the loss, which no rule knows, and where a row of bf16
 * fills no whole transactions of the memory, on how Triton tiles it.
 */
const errorBars = {
  cublas: {
    plain: [0.97, 1.04],
    rollout: [0.97, 1.04],
    stacked: [0.96, 1.06],
    recomputed: [0.94, 1.06],
    ordered: [0.94, 1.07],
    orderedRecomputed: [0.95, 1.09],
    orderedUneven: [0.95, 1.12],
    orderedByLoss: [0.88, 1.09],
  },
  triton: {
    plain: [0.82, 1.04],
    rollout: [0.74, 1.04],
    stacked: [0.82, 1.06],
    recomputed: [0.83, 1.06],
    ordered: [0.82, 1.07],
    orderedRecomputed: [0.82, 1.09],
    orderedUneven: [0.82, 1.12],
    orderedByLoss: [0.82, 1.09],
  },
} as const;

/**
 * Without a backward pass little is alive, so that one array more or less shows. The arena has gaps of up to 18 % where Triton multiplies.
 */
const inferenceBars = { cublas: [0.95, 1.06], triton: [0.92, 1.18] } as const;

const f32 = 4;

/** Measured over the compiled steps of denoisers (docs/jax.md), to either side. */
const attentionBars = [0.96, 1.08] as const;

/** Of the deferred gradients below. */
const deferredBar = 1.02;

/** Arena bytes, from the luckiest to the unluckiest choice of GEMM kernels; `ends`: with the narrowest and the widest loss. */
function arenaRange(
  { trace, bytesOfBuffer, config }: ProcessInput,
  ends: readonly [number, number],
  residentBytes: number,
): readonly [number, number] {
  const { mode, rolloutSteps, checkpoint } = config.recipe;
  const products = gemmKind(config);
  const attention = attentionReadings(trace, bytesOfBuffer);
  if (attention !== undefined) {
    const [low, high] = attentionBars;
    if (config.recipe.xlaGemm === 'cublas') return [low * ends[0], high * ends[0]];
    return [low * (attention.lowBytes - residentBytes), high * (attention.highBytes - residentBytes)];
  }
  if (mode === 'inference') return inferenceRange(config, ends[0]);
  const bars = errorBars[products];
  const { encoder, decoder, model, processor, edges } = checkpoint;
  const recomputed = encoder || decoder || model || processor.kind !== 'none' || edges.kind !== 'none';
  const rollout = checkpoint.rollout ? bars.rollout : bars.stacked;
  const single = recomputed ? bars.recomputed : rolloutSteps > 1 ? rollout : bars.plain;
  const [low, high] = meetsInOrder(config) ? bars[orderedBars(config, recomputed)] : single;
  const deferred =
    processor.kind !== 'none' && products === 'triton'
      ? deferredBytes(trace, bytesOfBuffer, config.model.layers) - residentBytes
      : 0;
  return [low * withoutWorkspace(config, ends[0]), Math.max(high * ends[1], deferredBar * deferred)];
}

function orderedBars(config: Config, isRecomputed: boolean): keyof typeof errorBars.cublas {
  const { elementBytes } = gemmOf(config);
  if (!isHidden(config) && elementBytes === 4) return 'orderedByLoss';
  if (!isRecomputed) return 'ordered';
  const isUneven = elementBytes === 2 && (elementBytes * config.model.hiddenDim) % transactionBytes !== 0;
  return isUneven ? 'orderedUneven' : 'orderedRecomputed';
}

/** Live bytes at the worst moment, where XLA writes the fewest and the most arrays that it may in the loss. */
function peaksByLossHead({ trace, bytesOfBuffer, config, peakLiveBytes }: ProcessInput): readonly [number, number] {
  const [fewest, most] = lossHeadWidths(config);
  if (config.recipe.mode === 'inference' || fewest === most) return [peakLiveBytes, peakLiveBytes];
  const number = lossHeadColumns(config, [fewest, most]);
  const bytes = new Float64Array(bytesOfBuffer.length);
  const peakWith = (width: LossHeadWidth): number => {
    const columns = lossHeadColumns(config, [width]);
    const factors = trace.layouts.map(({ shape }) => {
      const symbol = shape.at(-1)?.symbol ?? '';
      return symbol in columns ? columns[symbol]! / number[symbol]! : 1;
    });
    // A loop: with a callback for each array this is half of a search's time.
    for (let i = 0; i < bytes.length; i++) bytes[i] = bytesOfBuffer[i]! * factors[trace.bufferLayout[i]!]!;
    return livePeak(trace, bytes);
  };
  return [peakWith(fewest), peakWith(most)];
}

/** Triton needs no workspace: its low end is without one. */
function withoutWorkspace(config: ProcessInput['config'], temporaryBytes: number): number {
  const workspaceBytes = gemmKind(config) === 'cublas' ? 0 : gemmOf(config).workspaceBytes;
  return Math.max(0, temporaryBytes - workspaceBytes);
}

function inferenceRange(config: Config, temporaryBytes: number): readonly [number, number] {
  const [low, high] = inferenceBars[gemmKind(config)];
  const { without, beside } = rowsOfEnds(config);
  return [low * withoutWorkspace(config, temporaryBytes - without), high * (temporaryBytes + beside)];
}

/**
 * Bytes of both ends' rows of the edges: of those that are arrays in the number and may not be, and the other way round. Whether they are
 * hangs on roundings of a card's clock and bandwidth (`norm-or-gather.ts`).
 */
function rowsOfEnds(config: Config): { readonly without: number; readonly beside: number } {
  const { model, recipe, device } = config;
  const [samples, width] = [recipe.batchSize, model.hiddenDim];
  const ends = { without: 0, beside: 0 };
  const mayBeEither = mayNormaliseInConcat(gemmOf(config), width) && !layoutOf(model.layout).sizesDecideKernels;
  if (!mayBeEither) return ends;
  const { grid2meshEdges, mesh2gridEdges } = counts(model);
  for (const edges of [grid2meshEdges, mesh2gridEdges]) {
    const areArrays = normalisesFirst({ edges, samples, width }, device?.computeCapability ?? firstHopper);
    const end = areArrays ? 'without' : 'beside';
    ends[end] = Math.max(ends[end], 2 * edges * samples * width * f32);
  }
  return ends;
}

/**
 * Triton's schedule runs the whole chain of activation gradients first and weight gradients last, so that with recomputed mesh
 * layers one edge array per layer, and two of the layer at hand, outlive their layer: alive on top of the mesh's backward pass.
 */
function deferredBytes(trace: Trace, bytesOfBuffer: Float64Array, layers: number): number {
  const firstBackward = trace.marks.find(({ phase }) => phase === 'backward')?.firstEvent ?? trace.events.length;
  const mesh = trace.modules.indexOf('mesh');
  let live = 0;
  let peak = 0;
  let edgeBytes = 0;
  for (const [index, event] of trace.events.entries()) {
    const buffer = Math.abs(event) - 1;
    live += event > 0 ? bytesOfBuffer[buffer]! : -bytesOfBuffer[buffer]!;
    if (event < 0 || index < firstBackward || trace.bufferModule[buffer] !== mesh) continue;
    if (live > peak) peak = live;
    const { shape } = trace.layouts[trace.bufferLayout[buffer]!]!;
    if (shape[0]?.symbol === 'meshEdges' && shape[2]?.symbol === 'hiddenDim')
      edgeBytes = Math.max(edgeBytes, bytesOfBuffer[buffer]!);
  }
  return peak + (layers + 2) * edgeBytes;
}

/** Which ends of the range the loss moves. */
function lossHeadReason(
  { config, peakLiveBytes }: ProcessInput,
  [low, high]: readonly [number, number],
): Pick<ProcessMemory, 'rangeReason'> {
  const [fewest, most] = lossHeadWidths(config);
  const ends = [
    ...(low < peakLiveBytes ? [`the low end of the range has ${fewest.wide}`] : []),
    ...(high > peakLiveBytes ? [`the high end has ${most.wide}`] : []),
  ];
  if (fewest.wide === most.wide || ends.length === 0) return {};
  const choice = 'XLA decides shape by shape how many arrays as wide as the prediction are padded at once in the loss';
  return { rangeReason: `${choice}: ${ends.join(', ')}.` };
}

const residents: readonly Category[] = ['parameter', 'optimizer', 'input'];
/** By code of the category. */
const isResident = categories.map((category) => residents.includes(category));

function argumentsAndConstants(
  trace: Trace,
  bytesOfBuffer: Float64Array,
): { argumentBytes: number[]; constantBytes: number } {
  const argumentBytes: number[] = [];
  let constantBytes = 0;
  for (let buffer = 0; buffer < bytesOfBuffer.length; buffer++) {
    const bytes = bytesOfBuffer[buffer]!;
    if (trace.bufferOrigin[buffer] === originCode.executable) constantBytes += bytes;
    else if (isResident[trace.bufferCategory[buffer]!]) argumentBytes.push(bytes);
  }
  return { argumentBytes, constantBytes };
}

export function jaxProcess(input: ProcessInput): ProcessMemory {
  const { trace, bytesOfBuffer, peakLiveBytes, config, device } = input;
  const { recipe, reserveBytes } = config;
  const { argumentBytes, constantBytes } = argumentsAndConstants(trace, bytesOfBuffer);
  const residentBytes = argumentBytes.reduce((sum, bytes) => sum + bytes, 0);
  const temporaryBytes = peakLiveBytes - residentBytes;
  const peaks = peaksByLossHead(input);
  const [least, highBytes] = arenaRange(input, [peaks[0] - residentBytes, peaks[1] - residentBytes], residentBytes);
  // Of six jaxlibs 0.10.2 alone has the products' scratch (tests/data/xla-versions.jsonl).
  const lowBytes = Math.max(0, Math.min(least, temporaryBytes - gemmOf(config).workspaceBytes));
  return {
    ...poolOf({
      step: { argumentBytes, constantBytes, temporaryBytes },
      arena: { lowBytes, highBytes },
      recipe,
      device,
      reserveBytes,
      isNamed: config.device !== null,
    }),
    ...lossHeadReason(input, peaks),
  };
}

/** Of a step that XLA itself compiled: what it allocates, with the kernels that it was compiled with. */
export function recordedProcess(input: RecordedInput): ProcessMemory {
  const { trace, bytesOfBuffer, peakLiveBytes, recipe, device, reserveBytes, usableBytes } = input;
  const { argumentBytes } = argumentsAndConstants(trace, bytesOfBuffer);
  // The reader of the file sees to it that a compiled step says so.
  const compiled = input.compiled!;
  const resultBytes = compiled.outputBytes - compiled.aliasBytes;
  const { lowBytes, highBytes } = compiled.temporaryRange;
  return poolOf({
    step: {
      argumentBytes,
      constantBytes: compiled.constantBytes,
      temporaryBytes: peakLiveBytes - compiled.argumentBytes,
    },
    arena: { lowBytes: resultBytes + lowBytes, highBytes: resultBytes + highBytes },
    recipe,
    device,
    reserveBytes,
    isNamed: usableBytes !== undefined,
  });
}

interface InPool {
  /** `temporaryBytes`: the arena, and results that are no donated argument. */
  readonly step: BfcRequests;
  readonly arena: BytesRange;
  readonly recipe: Pick<Recipe, 'memFraction' | 'jaxAllocator'>;
  readonly device: Device;
  readonly reserveBytes: number;
  /** Whether `device` is a card that was asked about. */
  readonly isNamed: boolean;
}

function poolOf({ step, arena, recipe, device, reserveBytes, isNamed }: InPool): ProcessMemory {
  const { argumentBytes, temporaryBytes } = step;
  const residentBytes = argumentBytes.reduce((sum, bytes) => sum + bytes, 0);
  const contextBytes = device.contextBytes.jax;
  const availableBytes = Math.max(0, device.reportedBytes - reserveBytes);
  const shareBytes = Math.floor(availableBytes * recipe.memFraction);
  const isPlatform = recipe.jaxAllocator === 'platform';
  const held = {
    default: bfcPool,
    'no-preallocation': (each: BfcRequests) => bfcGrownPool(each, shareBytes),
    // cudaMalloc for every array: nothing is left over.
    platform: bfcAllocatedBytes,
  }[recipe.jaxAllocator];
  const onDevice = (arenaBytes: number) => held({ ...step, temporaryBytes: arenaBytes }) + contextBytes;
  // Without a pool the compiler is told no limit and takes 0.8 of the card (gpu_hlo_schedule.cc, `GetSchedulerMemoryLimit`).
  const baseBytes = isPlatform ? 0.8 * device.reportedBytes : shareBytes;
  const remat = isNamed ? xlaRemat(baseBytes, residentBytes, temporaryBytes) : undefined;
  const deviceBytes = onDevice(temporaryBytes);
  const isTooMuch = deviceBytes > (isPlatform ? availableBytes : shareBytes + contextBytes);
  const recomputation = remat && isTooMuch ? recomputationSentence(remat, temporaryBytes) : undefined;
  return {
    peakAllocatedBytes: bfcAllocatedBytes(step),
    peakReservedBytes: deviceBytes - contextBytes,
    deviceBytes,
    range: { lowBytes: onDevice(arena.lowBytes), highBytes: onDevice(arena.highBytes) },
    runsFromBytes: remat?.kind === 'succeeds' ? Math.min(deviceBytes, onDevice(remat.limitBytes)) : deviceBytes,
    ...(remat && {
      xlaRemat: remat,
      ...(recipe.jaxAllocator === 'default' && { preallocatedBytes: shareBytes }),
      ...(recomputation !== undefined && { recomputation }),
    }),
  };
}
