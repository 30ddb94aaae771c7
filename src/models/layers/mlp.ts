/** The one network of the family: Linear, (SiLU, Linear) × hidden layers, LayerNorm (the output head has none). */
import type { ProgramBuilder } from '../../ir/builder.js';
import type { BlockRole } from '../../ir/forward-program.js';
import { type Axis, axis, type Shape } from '../../ir/shape.js';
import type { ActivationFunction, LinearParameters, Module, NormParameters, ValueId } from '../../ir/types.js';

export interface MlpParameters {
  readonly network: string;
  readonly input: Axis;
  /** Empty first entry where the concat trick has split the first Linear into `split`. */
  readonly linears: readonly LinearParameters[];
  /** Concat trick: the first Linear's edge, sender and receiver parts; only the last has a bias. */
  readonly split?: readonly [LinearParameters, LinearParameters, LinearParameters];
  readonly norm?: NormParameters;
}

interface LinearSpec {
  readonly network: string;
  readonly module: Module;
  readonly name: string;
  readonly input: Axis;
  readonly output: Axis;
  readonly bias?: boolean;
}

/** A Linear on its own. */
export function linearParameters(builder: ProgramBuilder, spec: LinearSpec): LinearParameters {
  const { network, module, name, input, output, bias = true } = spec;
  const weight = builder.parameter(network, module, `${name}.weight`, [input, output]);
  return bias ? { weight, bias: builder.parameter(network, module, `${name}.bias`, [output]) } : { weight };
}

export interface MlpSpec {
  readonly network: string;
  readonly module: Module;
  readonly input: Axis;
  readonly output: Axis;
  readonly hiddenLayers: number;
  /** Width of the hidden layers; absent: `hiddenDim`. */
  readonly hidden?: Axis;
  readonly layerNorm: boolean;
  readonly split?: boolean;
  readonly used?: boolean;
}

const hiddenDim = axis('hiddenDim');

/** Declares the parameters in the order in which the model's constructor makes them. */
export function mlpParameters(builder: ProgramBuilder, spec: MlpSpec): MlpParameters {
  const { network, module, hiddenLayers, hidden = hiddenDim, used = true } = spec;
  const declare = (name: string, shape: Shape) => builder.parameter(network, module, name, shape, used);
  const linear = (index: number | string, from: Axis, to: Axis, bias = true): LinearParameters => {
    const weight = declare(`linear${index}.weight`, [from, to]);
    return bias ? { weight, bias: declare(`linear${index}.bias`, [to]) } : { weight };
  };
  const linears = spec.split !== true ? [linear(0, spec.input, hidden)] : [];
  for (let i = 1; i < hiddenLayers; i++) linears.push(linear(i, hidden, hidden));
  linears.push(linear(hiddenLayers, hidden, spec.output));
  const norm = spec.layerNorm
    ? { scale: declare('norm.scale', [spec.output]), offset: declare('norm.offset', [spec.output]) }
    : undefined;
  // PhysicsNeMo declares the concat trick's three matrices after everything else.
  const split = spec.split
    ? ([
        linear('0.edges', hidden, hidden, false),
        linear('0.senders', hidden, hidden, false),
        linear('0.receivers', hidden, hidden),
      ] as const)
    : undefined;
  return { network, input: spec.input, linears, ...(split && { split }), ...(norm && { norm }) };
}

/** Declares MLPs that end in a LayerNorm, `hiddenDim` wide, but for what is said otherwise. */
export const mlpDeclarer =
  (builder: ProgramBuilder, hiddenLayers: number) =>
  (
    network: string,
    module: Module,
    input: Axis,
    output = hiddenDim,
    otherwise: Partial<Pick<MlpSpec, 'hiddenLayers' | 'hidden' | 'layerNorm' | 'split' | 'used'>> = {},
  ): MlpParameters =>
    mlpParameters(builder, { network, module, input, output, hiddenLayers, layerNorm: true, ...otherwise });

export interface MlpCall {
  readonly of: Extract<BlockRole, { kind: 'mlp' }>['of'];
  readonly activation?: ActivationFunction;
  /** PhysicsNeMo's recompute_activation acts on this MLP. */
  readonly recomputeActivation: boolean;
  /** In mixed precision the LayerNorm's result is cast back to its input's type. */
  readonly normKeepsType?: boolean;
  /** The MLP is a checkpoint of its own. */
  readonly recomputed?: boolean;
}

/** `[rows, in] → [rows, out]`. With a split first Linear the caller passes that Linear's output. */
export function callMlp(builder: ProgramBuilder, parameters: MlpParameters, input: ValueId, call: MlpCall): ValueId {
  const { network, linears, norm } = parameters;
  const role: BlockRole = { kind: 'mlp', of: call.of };
  const [result] = builder.call({ name: network, role, recomputed: call.recomputed ?? false }, { input }, (frame) => {
    let index = parameters.split === undefined ? 0 : 1;
    let rest = linears;
    if (parameters.split === undefined) {
      const [first, ...others] = linears;
      frame.set('hidden', builder.linear(input, first!, `linear ${index++}`));
      rest = others;
    } else {
      frame.set('hidden', input);
    }
    for (const linear of rest) {
      const activated = builder.activation(
        call.activation ?? 'silu',
        frame.locals.get('hidden')!,
        'activation',
        call.recomputeActivation,
      );
      frame.set('hidden', activated);
      frame.set('hidden', builder.linear(activated, linear, `linear ${index++}`));
    }
    const last = frame.locals.get('hidden')!;
    if (norm === undefined) return [last];
    return [frame.set('hidden', builder.layerNorm(last, norm, 'layer norm', call.normKeepsType))];
  });
  return result!;
}
