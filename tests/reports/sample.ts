/** An estimate with plausible numbers, made by hand: what a renderer is tested with. */
import { noCheckpoint } from '../../src/config/checkpoint.js';
import { defaultRecipe } from '../../src/config/recipe-options.js';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import { GiB, MiB } from '../../src/units.js';

const usableBytes = Math.round(23.6 * GiB);

export const verdicts = {
  fits: { kind: 'fits', nominalBytes: 24 * GiB, usableBytes, headroomBytes: 5 * GiB },
  tight: {
    kind: 'tight',
    nominalBytes: 24 * GiB,
    usableBytes: Math.round(18.3 * GiB),
    shortfallBytes: Math.round(18.6 * GiB) - Math.round(18.3 * GiB),
  },
  exceeds: {
    kind: 'exceeds',
    nominalBytes: 24 * GiB,
    usableBytes: Math.round(15.6 * GiB),
    shortfallBytes: Math.round(18.6 * GiB) - Math.round(15.6 * GiB),
    smallestChange: {
      change: '--checkpoint encoder',
      command: 'gc-plan estimate --checkpoint encoder',
      deviceBytes: 20 * GiB,
    },
  },
  unknown: { kind: 'unknown' },
} as const satisfies Record<string, Estimate['verdict']>;

export const sample: Estimate = {
  schema: 'gc-plan/estimate@1',
  tool: { name: 'gc-plan', version: '0.1.0' },
  config: {
    runtime: 'pytorch',
    model: {
      name: 'graphcast-small',
      layout: 'jax',
      hiddenDim: 512,
      layers: 16,
      meshLevel: 5,
      mlpHiddenLayers: 1,
      grid: { latitudes: 181, longitudes: 360, kind: 'poles' },
      pressureLevels: 13,
      inputChannels: 186,
      outputChannels: 83,
      radiusFraction: 0.6,
      processor: 'interaction',
      heads: 16,
      mlpRatio: 4,
      attentionBackend: 'triton',
    },
    recipe: {
      ...defaultRecipe,
      precision: 'bf16',
      rolloutSteps: 2,
      checkpoint: { ...noCheckpoint, encoder: true, processor: { kind: 'every', layers: 2 } },
    },
    device: {
      name: 'rtx-4090',
      vendor: 'nvidia',
      nominalBytes: 24 * GiB,
      reportedBytes: usableBytes,
      contextBytes: { jax: 400 * MiB, pytorch: 400 * MiB, tfjs: 400 * MiB },
      cublasWorkspaceBytes: 8 * MiB,
      bandwidthGBps: 1008,
      tflops: { fp32: 82.6, bf16: 165.2 },
      computeCapability: 89,
      sources: ['datasheet'],
    },
    reserveBytes: 0,
    allowTight: false,
  },
  counts: { gridNodes: 65_160, meshNodes: 10_242, meshEdges: 81_900, grid2meshEdges: 98_296, mesh2gridEdges: 195_480 },
  parameters: {
    count: 35_979_347,
    bytes: 143_917_388,
    byModule: [{ module: 'mesh', count: 35_979_347, bytes: 143_917_388 }],
  },
  memory: {
    parameterBytes: 143_917_388,
    gradientBytes: 143_917_388,
    optimizerBytes: 287_834_776,
    activationBytes: 15 * GiB,
    temporaryBytes: 2 * GiB,
    inputBytes: 120 * MiB,
    peakLiveBytes: 287_834_776 * 2 + 17 * GiB + 120 * MiB,
    peakAllocatedBytes: Math.round(17.7 * GiB),
    peakReservedBytes: Math.round(18.1 * GiB),
    minCapacityBytes: Math.round(17.9 * GiB),
    deviceBytes: Math.round(18.5 * GiB),
    range: { lowBytes: Math.round(18.2 * GiB), highBytes: Math.round(18.6 * GiB) },
    byModule: [
      { module: 'grid2mesh', bytes: 7 * GiB },
      { module: 'mesh', bytes: 9 * GiB },
      { module: 'mesh2grid', bytes: 287_834_776 * 2 + GiB },
      { module: 'inputs', bytes: 120 * MiB },
    ],
    phases: [
      { phase: 'forward', peakLiveBytes: 16 * GiB },
      { phase: 'backward', peakLiveBytes: 287_834_776 * 2 + 17 * GiB + 120 * MiB },
      { phase: 'optimizer', peakLiveBytes: GiB },
    ],
  },
  peak: { phase: 'backward', operation: 'mesh.15.edges.mlp.linear1 (gradient of the weight)', index: 1234 },
  verdict: verdicts.fits,
  cost: { forwardFlops: 1.2e12, trainFlops: 4.1e12, recomputeFraction: 0.12 },
  accuracy: {
    codeBase: 'deepmind',
    mode: 'train',
    checked: true,
    runtime: 'pytorch',
    cases: 125,
    medianErrorPercent: 0.01,
    p95ErrorPercent: 0.2,
    worstUnderPercent: 0.6,
    source: 'the real model traced under fake CUDA tensors',
  },
  assumptions: [
    'graphcast-small is JAX code; these are PyTorch’s rules for the same networks, which nobody runs in exactly this form, and the numbers say what it would take.',
    'One CUDA stream.',
  ],
};
