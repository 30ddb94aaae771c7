/** One rule per operation of the forward program: the TensorFlow.js operations that compute it. */
import { InputError } from '../../errors.js';
import type { Operation, OperationKind, OperationOf } from '../../ir/operations.js';
import type { ActivationFunction } from '../../ir/types.js';
import type { Context } from './context.js';
import { headScale, headSum, largestOrMore, quotient } from './heads.js';
import { layerNormEpsilon, leanLayerNorm, leanLinear, leanSilu } from './lean.js';

type Rule<Kind extends OperationKind> = <T>(
  context: Context<T>,
  operation: OperationOf<Kind>,
  value: (id: number) => T,
) => T;

export type Rules = { readonly [Kind in OperationKind]?: Rule<Kind> };

/** Hendrycks & Gimpel 2016, arXiv 1606.08415: the approximation with tanh. */
const geluCubic = 0.044715;

const activations: { readonly [F in ActivationFunction]: <T>(context: Context<T>, x: T) => T } = {
  silu: ({ ops, tape }, x) => (tape === 'lean' ? leanSilu(ops, x) : ops.mul(x, ops.sigmoid(x))),
  gelu: ({ ops }, x) => ops.mul(ops.mul(x, 0.5), ops.add(ops.erf(ops.div(x, Math.SQRT2)), 1)),
  // ½ (1 + tanh z) = sigmoid 2z
  'gelu-tanh': ({ ops }, x) => {
    const inner = ops.add(x, ops.mul(ops.mul(ops.square(x), x), geluCubic));
    return ops.mul(x, ops.sigmoid(ops.mul(inner, 2 * Math.sqrt(2 / Math.PI))));
  },
  relu: ({ ops }, x) => ops.relu(x),
  sigmoid: ({ ops }, x) => ops.sigmoid(x),
};

export const rules: Rules = {
  linear({ ops, tape, rowsOf, columnsOf, nextInput }, { input, weight, bias }, value) {
    const readsPrediction = columnsOf(input) === 'outputChannels' && rowsOf(weight) === 'inputChannels';
    const x = readsPrediction ? nextInput(value(input)) : value(input);
    const w = value(weight);
    if (tape === 'fused') return ops.fusedMatMul(x, w, bias === undefined ? undefined : value(bias));
    if (bias === undefined) return ops.matMul(x, w);
    return tape === 'lean' ? leanLinear(ops, x, w, value(bias)) : ops.add(ops.matMul(x, w), value(bias));
  },
  activation: (context, { function: name, input }, value) => activations[name](context, value(input)),
  layerNorm({ ops, tape }, { input, scale, offset }, value) {
    const x = value(input);
    if (tape === 'lean') return leanLayerNorm(ops, x, value(scale), value(offset));
    const centred = ops.sub(x, ops.mean(x, 1, true));
    const inverseDeviation = ops.rsqrt(ops.add(ops.mean(ops.square(centred), 1, true), layerNormEpsilon));
    return ops.add(ops.mul(ops.mul(centred, inverseDeviation), value(scale)), value(offset));
  },
  gather: ({ ops, endpoints }, operation, value) => ops.gather(value(operation.input), endpoints(operation.endpoints)),
  concat: ({ ops }, { inputs }, value) => ops.concat(inputs.map(value), 1),
  segmentSum: ({ ops, endpoints, rowsOf }, operation, value) =>
    ops.segmentSum(value(operation.input), endpoints(operation.endpoints), rowsOf(operation.output)),
  add: ({ ops }, { left, right }, value) => ops.add(value(left), value(right)),
  addBias: ({ ops }, { input, bias }, value) => ops.add(value(input), value(bias)),
  subtract: ({ ops }, { left, right }, value) => ops.sub(value(left), value(right)),
  multiply: ({ ops }, { left, right }, value) => ops.mul(value(left), value(right)),
  divide: ({ ops }, { left, right }, value) => quotient(ops, value(left), value(right)),
  scale: ({ ops }, { input, scalar }, value) => ops.mul(value(input), scalar),
  shift: ({ ops }, { input, scalar }, value) => ops.add(value(input), scalar),
  exp: ({ ops }, { input }, value) => ops.exp(value(input)),
  headSum: ({ ops, headMatrix }, { input }, value) => headSum(ops, value(input), headMatrix!),
  headScale: ({ ops, headMatrix }, { input, weights }, value) =>
    headScale(ops, value(input), value(weights), headMatrix!),
  segmentMax: ({ ops, endpoints, rowsOf }, operation, value) =>
    largestOrMore(ops, value(operation.input), endpoints(operation.endpoints), rowsOf(operation.output)),
  gatherAdd({ ops, endpoints }, { edges, senders, receivers, edgeSet }, value) {
    const withSenders = ops.add(
      value(edges),
      ops.gather(value(senders), endpoints({ edges: edgeSet, end: 'senders' })),
    );
    return ops.add(withSenders, ops.gather(value(receivers), endpoints({ edges: edgeSet, end: 'receivers' })));
  },
  // Channels are averaged before rows are weighted, so that weighting costs one column and not one array.
  loss({ ops, areaWeights }, { prediction, target }, value) {
    const perRow = ops.mean(ops.square(ops.sub(value(prediction), value(target))), 1, true);
    return ops.mean(ops.mul(perRow, areaWeights));
  },
};

export function applyRule<T>(context: Context<T>, operation: Operation, value: (id: number) => T): T {
  const rule = rules[operation.kind] as Rule<OperationKind> | undefined;
  if (rule === undefined)
    throw new InputError('not-in-tfjs', `TensorFlow.js has no rule for the operation ${operation.kind}.`, [
      '--runtime pytorch',
    ]);
  return rule(context, operation, value);
}
