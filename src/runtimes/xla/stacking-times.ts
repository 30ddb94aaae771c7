/**
 * How long XLA thinks the kernels take that stack the input fields of several samples. Fields, and then what is known of nodes, are concatenated
 * along channels behind the samples: 400 cycles a number where the first operand's channels fill no warp (gpu_hlo_cost_analysis.cc,
 * `HandleConcatenate`). Each is normalised and cast too. Agrees with XLA's log of steps of two and three samples to 1 %.
 */
import { bytesOfOperation, operationCycles, transactionBytes } from './kernel-times.js';

const operationsOfStacking = 2 * 400 + 2 * operationCycles;
const f32 = 4;

/** Row by row: a transposition, whose threads read and write neighbours, and which computes longer than it moves. */
export const operationsOfRows = (numbers: number): number => operationsOfStacking * numbers;

/**
 * …channel by channel, for the gradient of a weight: neighbouring threads read one number each of as many samples
 * (gpu_performance_model_base.cc, `GetCoalescingUtilizationRate`).
 */
export const bytesOfChannels = (fieldBytes: number): number => (transactionBytes / f32) * fieldBytes;
/** …and beside that. */
export const computingChannels = (numbers: number): number => operationsOfStacking * numbers * bytesOfOperation;
