/**
 * A LayerNorm, or one whose scale and offset are two Linears of a condition (anemoi-models 0.19.0, layers/normalization.py,
 * ConditionalLayerNorm with `autocast: false`: its result stays fp32 in mixed precision).
 */
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis } from '../../ir/shape.js';
import type { LinearParameters, Module, NormParameters, ValueId } from '../../ir/types.js';
import { linearParameters } from './mlp.js';

export interface ConditionalNorm {
  readonly scaleOf: LinearParameters;
  readonly offsetOf: LinearParameters;
}

export type Norm = NormParameters | ConditionalNorm;

export interface NormSpec {
  readonly network: string;
  readonly module: Module;
  readonly name: string;
  /** Width of the condition; absent: a plain LayerNorm. */
  readonly condition?: Axis;
  readonly used?: boolean;
}

/** Over `hiddenDim` columns. */
export function normParameters(builder: ProgramBuilder, { name, condition, ...spec }: NormSpec): Norm {
  const { network, module, used } = spec;
  const width = axis('hiddenDim');
  if (condition !== undefined) {
    const linear = (part: string) =>
      linearParameters(builder, { network, module, name: `${name}.${part}`, input: condition, output: width });
    return { scaleOf: linear('scale'), offsetOf: linear('offset') };
  }
  return {
    scale: builder.parameter(network, module, `${name}.scale`, [width], used),
    offset: builder.parameter(network, module, `${name}.offset`, [width], used),
  };
}

/** `[rows, hiddenDim]` and, where the norm is conditional, `[rows, condition]` → `[rows, hiddenDim]` */
export function normalized(
  builder: ProgramBuilder,
  norm: Norm,
  input: ValueId,
  name: string,
  condition?: ValueId,
): ValueId {
  if ('scale' in norm) return builder.layerNorm(input, norm, name);
  const [result] = builder.call({ name }, { input, condition: condition! }, (frame) => {
    const scale = frame.set('scale', builder.linear(condition!, norm.scaleOf, 'scale of the condition'));
    const offset = frame.set('offset', builder.linear(condition!, norm.offsetOf, 'offset of the condition'));
    const { shape } = builder.values[input]!;
    const out = frame.set('out', builder.emit(shape, 'normalized', { kind: 'normalize', input }));
    const scaled = builder.binary('multiply', out, builder.withScalar('shift', scale, 1, 'scale + 1'), 'scaled');
    return [frame.set('out', builder.add(scaled, offset, name))];
  });
  return result!;
}
