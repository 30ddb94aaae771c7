/**
 * How XLA:GPU multiplies matrices on a card, as far as memory goes.
 * Sources: openxla/xla cublas_padding_requirements, gemm_rewriter, `xla_gpu_enable_triton_gemm`; records of tests/data/xla-gpu.jsonl.
 */
import type { Products } from '../../accuracy/evidence.js';
import { hasBf16 } from '../../config/device.js';
import type { Config, Device } from '../../config/types.js';
import { MiB } from '../../units.js';

export interface Gemm {
  /** Bytes of an element of activations and of weight copies. */
  readonly elementBytes: 2 | 4;
  /** No bf16 tensor cores before Ampere: operands are upcast, and results come back, in f32. */
  readonly upcast: boolean;
  /** Rows and columns of a bf16 operand are padded to this multiple; f32 is not padded. */
  readonly padding: 1 | 8;
  /** XLA writes no Triton kernels for cards before Ampere (softmax_rewriter_triton.cc), so that norms are plain reductions there. */
  readonly hasTriton: boolean;
  /** cuBLASLt's scratch: 32 MiB on Hopper and later, 4 MiB before. */
  readonly workspaceBytes: number;
}

const ampere = 80;
export const firstHopper = 90;

export function gemmOf({ recipe, device }: Pick<Config, 'recipe' | 'device'>): Gemm {
  const computeCapability = device?.computeCapability ?? firstHopper;
  const bf16 = recipe.precision !== 'fp32';
  const native = device === null || hasBf16(device);
  return {
    elementBytes: bf16 && native ? 2 : 4,
    upcast: bf16 && !native,
    padding: bf16 && native ? 8 : 1,
    hasTriton: computeCapability >= ampere,
    workspaceBytes: (computeCapability >= firstHopper ? 32 : 4) * MiB,
  };
}

/** Cards of one generation compute alike (`gemmOf`, `normalisesFirst`, `isHidden`, `lossHeadWidths`). */
export const kernelsOf = (device: Device): string => {
  const { computeCapability } = device;
  const generation = computeCapability >= firstHopper ? 'Hopper' : computeCapability >= ampere ? 'Ampere' : 'older';
  return hasBf16(device) ? `${generation}, bf16` : generation;
};

/** A GPU times both where it may, and Triton's mostly win; a card without Triton has cuBLAS's alone. */
export const gemmKind = (config: Pick<Config, 'recipe' | 'device'>): Products =>
  config.recipe.xlaGemm === 'cublas' || !gemmOf(config).hasTriton ? 'cublas' : 'triton';

/**
 * Rows that Triton normalises in a block each (softmax_rewriter_triton.cc): up to here, the largest y of a CUDA grid, what it writes is kept and
 * read again, beyond it is computed again where it is read.
 */
export const mostTritonBlocks = 65_535;
