/** Pieces that several reports share. Every object is strict: a key that is not described here never leaves the tool. */
import { z } from 'zod';
import * as choices from '../config/choices.js';
import { modelOptions } from '../config/model-options.js';
import { keysOfReport } from '../config/option-schemas.js';
import { recipeOptions } from '../config/recipe-options.js';
import { gridKinds, layoutNames } from '../models/index.js';

export const bytes = z.int().nonnegative();
export const count = z.int().nonnegative();
const positive = z.int().positive();

export const runtimeName = z.enum(choices.runtimeNames);
export const precision = z.enum(choices.precisions);
export const phase = z.enum(['setup', 'forward', 'backward', 'optimizer', 'validation']);

export const tool = z
  .strictObject({ name: z.literal('gc-plan'), version: z.string() })
  .describe('What wrote this document.');

export const grid = z.strictObject({
  latitudes: positive,
  longitudes: positive,
  kind: z.enum(gridKinds()),
});

export const model = z.strictObject({
  name: z.string(),
  layout: z.enum(layoutNames()).describe('Which code base’s networks.'),
  ...keysOfReport(modelOptions),
  /** A configuration file may say a fraction, which rounds to a width. */
  mlpRatio: z.number().positive().describe(modelOptions.mlpRatio.help),
  grid,
  counts: z
    .strictObject({
      gridNodes: count,
      meshNodes: count,
      meshEdges: count,
      grid2meshEdges: count,
      mesh2gridEdges: count,
    })
    .exactOptional()
    .describe('A graph of one’s own, typed; it wins over grid, mesh level and radius.'),
  pressureLevels: positive.exactOptional(),
  mesh: grid
    .exactOptional()
    .describe('A latent mesh of a reduced Gaussian grid’s points; it wins over the mesh level.'),
  own: z
    .record(z.string(), z.union([z.string().min(1), z.number(), z.boolean()]))
    .exactOptional()
    .describe('Values of the options that only its code base has.'),
});

export const checkpointPlan = z
  .strictObject({
    encoder: z.boolean(),
    decoder: z.boolean(),
    model: z.boolean(),
    rollout: z.boolean(),
    processor: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('every'), layers: positive }),
      z.strictObject({ kind: z.literal('segments'), segments: positive }),
    ]),
    edges: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.enum(['scan', 'loop']), blocks: positive }),
    ]),
    processorBlocks: positive.exactOptional().describe('A forecast’s: blocks of the edges of every processor layer.'),
  })
  .describe('What the backward pass computes again instead of keeping.');

export const recipe = z.strictObject({
  ...keysOfReport(recipeOptions),
  ensemble: positive.exactOptional().describe(recipeOptions.ensemble.help),
  checkpoint: checkpointPlan,
});

export const device = z.strictObject({
  name: z.string(),
  vendor: z.enum(['nvidia', 'amd', 'any']),
  architecture: z.string().exactOptional().describe('Of a card named by its size alone: its generation.'),
  reportedBySameSize: z
    .tuple([bytes, bytes])
    .exactOptional()
    .describe('Of such a card: the least and the most that drivers report of known cards of that size.'),
  nominalBytes: bytes.describe('Size on the box.'),
  reportedBytes: bytes.describe('What the driver reports as total.'),
  contextBytes: z.strictObject(choices.perRuntime(() => bytes)),
  cublasWorkspaceBytes: bytes,
  bandwidthGBps: z.number().nonnegative(),
  tflops: z.strictObject({
    fp32: z.number(),
    tf32: z.number().exactOptional(),
    fp16: z.number().exactOptional(),
    bf16: z.number().exactOptional(),
  }),
  computeCapability: count,
  sources: z.array(z.string()),
});

export const config = z
  .strictObject({
    runtime: runtimeName,
    model,
    recipe,
    device: device.nullable().describe('null: no card was named.'),
    reserveBytes: bytes.describe('Held by other processes on the same card.'),
    allowTight: z.boolean(),
  })
  .describe('Everything the numbers depend on, resolved.');

/** Of a step that was recorded: there is no model that says what it is. */
export const recordedConfig = z
  .strictObject({
    runtime: runtimeName,
    recipe: z
      .strictObject({
        mode: z.enum(choices.modes),
        allocator: z.enum(choices.allocators).exactOptional(),
        memFraction: z.number().exactOptional(),
        jaxAllocator: z.enum(choices.jaxAllocators).exactOptional(),
      })
      .describe('What a recorded step leaves open in its framework.'),
    device: device.nullable().describe('null: no card was named.'),
    reserveBytes: bytes.describe('Held by other processes on the same card.'),
    allowTight: z.boolean(),
    trace: z.strictObject({
      file: z.string(),
      source: z.string().describe('File and function that were captured.'),
      versions: z.record(z.string(), z.string()),
      compiledFor: z.string().exactOptional().describe('The card that a step was compiled for.'),
      numBuffers: count,
      numEvents: count,
    }),
  })
  .describe('With --trace: everything the numbers depend on.');

export const memory = z
  .strictObject({
    parameterBytes: bytes,
    gradientBytes: bytes,
    optimizerBytes: bytes,
    activationBytes: bytes,
    temporaryBytes: bytes,
    inputBytes: bytes,
    peakLiveBytes: bytes.describe('Arrays alive at the worst moment; the six categories sum to it.'),
    peakAllocatedBytes: bytes.describe('As the allocator counts it, with rounding and undivided blocks.'),
    peakReservedBytes: bytes.describe('What the allocator holds on a card without limit.'),
    minCapacityBytes: bytes
      .exactOptional()
      .describe('The smallest pool in which the step still runs; searched only where the verdict depends on it.'),
    deviceBytes: bytes.describe('What nvidia-smi shows: reserved + context + libraries.'),
    range: z.strictObject({ lowBytes: bytes, highBytes: bytes }),
    byModule: z.array(z.strictObject({ module: z.string(), bytes })).describe('They sum to peakLiveBytes.'),
    phases: z.array(z.strictObject({ phase, peakLiveBytes: bytes })),
    xlaRemat: z
      .strictObject({
        kind: z.enum(['notNeeded', 'succeeds', 'fails', 'uncertain']),
        limitBytes: bytes,
        peakLiveBytes: bytes.exactOptional(),
      })
      .exactOptional(),
    preallocatedBytes: bytes.exactOptional().describe('What JAX grabs by default.'),
  })
  .describe('For a card without limit and the program as written.');

export const codeLine = z.strictObject({ where: z.string(), text: z.string() });

const card = {
  nominalBytes: bytes.describe('Size on the box.'),
  usableBytes: bytes.describe('What the driver reports − reserve.'),
};
const insideRange = z.strictObject({ xlaGemm: z.enum(['cublas', 'triton']), cases: count, inside: count });
const change = z.strictObject({
  change: z.string().describe('The flags to add.'),
  command: z.string(),
  deviceBytes: bytes,
  highBytes: bytes.exactOptional().describe('Upper end of its range.'),
  usableBytes: bytes.exactOptional().describe('With this change.'),
  relativeCost: z.number().nonnegative().exactOptional().describe('FLOPs of a sample, after ÷ before.'),
  range: insideRange
    .exactOptional()
    .describe('accuracy.range of the configuration with this change, where it is another.'),
  code: z.array(codeLine).exactOptional().describe('How it is written in the user’s own code base.'),
  numerics: z
    .enum(['rounding', 'different'])
    .exactOptional()
    .describe('It changes more than memory: how numbers are rounded, or the algorithm. Nothing else fits.'),
});
const changes = {
  smallestChange: change.exactOptional(),
  furtherChanges: z
    .array(change)
    .exactOptional()
    .describe('Beside the cheapest: the usual cut of the processor, where that fits too.'),
};

export const verdict = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('fits'),
    ...card,
    headroomBytes: bytes.describe('usableBytes − range.highBytes'),
  }),
  z.strictObject({
    kind: z.literal('tight'),
    ...card,
    shortfallBytes: bytes.describe('range.highBytes − usableBytes'),
    ...changes,
  }),
  z.strictObject({
    kind: z.literal('exceeds'),
    ...card,
    shortfallBytes: bytes.describe('range.highBytes − usableBytes'),
    ...changes,
  }),
  z.strictObject({ kind: z.literal('unknown') }).describe('No card was named.'),
]);

export const onCard = z
  .strictObject({
    usable: z.string().describe('Which share of the card is usable, and why.'),
    largerShare: z
      .strictObject({ keptBack: z.string(), setting: z.string(), usableBytes: bytes })
      .exactOptional()
      .describe(
        'Where the framework keeps a part of the card back: how it is told to take more, and what is usable then.',
      ),
    precision: z.string().exactOptional().describe('What runs there instead of what was asked for.'),
    recomputation: z.string().exactOptional().describe('What is known of XLA’s own recomputation.'),
  })
  .exactOptional()
  .describe('What the headline says of the card.');

export const cost = z.strictObject({
  forwardFlops: z.number().nonnegative(),
  trainFlops: z.number().nonnegative(),
  recomputeFraction: z.number().nonnegative().describe('Recomputed forward FLOPs ÷ trainFlops.'),
  bytesMoved: z.number().nonnegative().exactOptional(),
  hostTransferBytes: bytes
    .exactOptional()
    .describe('With --offload in PyTorch: over the bus to the host and back, per micro-step.'),
  stepTimeMs: z.number().nonnegative().exactOptional().describe('A roofline model, not a measurement.'),
});

export const accuracy = z
  .strictObject({
    runtime: runtimeName,
    codeBase: z.string(),
    mode: z.enum(['train', 'inference']),
    checked: z
      .boolean()
      .describe(
        'Estimates of this code base in this mode were compared with ground truth, shipped or your own verifications.',
      ),
    cases: count.describe('0 where nothing was checked.'),
    medianErrorPercent: z.number().exactOptional().describe('Of peakLiveBytes, as the two below.'),
    p95ErrorPercent: z.number().exactOptional(),
    worstUnderPercent: z.number().exactOptional().describe('How far the estimate was below the truth at worst.'),
    reserved: z
      .strictObject({
        allocator: z.enum(choices.allocators),
        medianErrorPercent: z.number(),
        p95ErrorPercent: z.number(),
        worstUnderPercent: z.number(),
      })
      .exactOptional()
      .describe('PyTorch: the same of peakReservedBytes, which decides.'),
    range: insideRange
      .exactOptional()
      .describe('JAX: how many of the steps compiled with such products lie inside the range, which decides.'),
    beyond: z.array(z.string()).exactOptional().describe('Options of this configuration that no record has.'),
    source: z.string(),
  })
  .describe('How this runtime’s estimates compared with ground truth.');
