/**
 * The ensemble's loss (anemoi-training 0.17.1, losses/kcrps.py, losses/variable_mapper.py and train/methods/ensemble.py): the kernel CRPS of
 * the members on the card, in a checkpoint of its own and without autocast. Fair, almost fair and plain differ in a factor alone. `stable`
 * makes arrays of all pairs of members, `naive` goes through them one by one. torch.compile, which the shipped group asks for it, would
 * fuse most of this.
 */
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, constant, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { CrpsKind } from './options.js';

/** Rows of one forecast: what its members share. */
export const forecasts = 'forecasts';
/** Variables of the data set: a target comes with all of them. */
export const datasetChannels = 'datasetChannels';

const [grid, perForecast, output, one] = [axis('gridNodes'), axis(forecasts), axis('outputChannels'), constant(1)];
const perVariable: Shape = [grid, perForecast, output];

export const declareCrpsTarget = (builder: ProgramBuilder, rolloutStep: number): ValueId =>
  builder.input(`target${rolloutStep}`, [grid, perForecast, axis(datasetChannels)]);

/** One factor per variable twice, a mask of missing values, the area of every node, and one per output step. */
export function declareScalers(builder: ProgramBuilder): readonly ValueId[] {
  const shapes: Readonly<Record<string, Shape>> = {
    'pressure level weights': [output],
    'variable weights': [output],
    'mask of missing values': [one],
    'node weights': [grid],
    'time step weights': [one],
  };
  return Object.entries(shapes).map(([name, shape]) => builder.input(name, shape));
}

export interface Crps {
  readonly kind: CrpsKind;
  readonly members: number;
  readonly scalers: readonly ValueId[];
}

/** `[gridNodes, members, outputChannels]`, `[gridNodes, datasetChannels]` → a scalar, and the copy of the predictions that the step keeps. */
export function crpsOf(
  builder: ProgramBuilder,
  prediction: ValueId,
  target: ValueId,
  { kind, members, scalers }: Crps,
): readonly [loss: ValueId, kept: ValueId] {
  const spec = { name: 'loss', role: { kind: 'loss' }, module: 'loss', recomputed: true } as const;
  const { shape } = builder.values[prediction]!;
  const results = builder.call(spec, { prediction, target }, (frame) => {
    const kept = frame.set('kept', builder.emit(shape, 'copy predictions', { kind: 'copy', input: prediction }));
    const [loss] = builder.call({ name: 'variables' }, { prediction: kept, target }, (inner) => {
      const select = (input: ValueId, of: Shape, name: string) =>
        inner.set(name, builder.emit(of, `select ${name}`, { kind: 'selectColumns', input }));
      const predicted = select(kept, shape, 'predicted');
      const wanted = select(target, perVariable, 'wanted');
      return builder.call({ name: 'CRPS' }, { predicted, wanted }, (rows) => {
        const pairwise = kind === 'crps' ? allPairs : pairByPair;
        const crps = rows.set('crps', pairwise(builder, predicted, wanted, members));
        const scaled = scale(builder, crps, scalers);
        return [reduced(builder, scaled)];
      });
    });
    return [loss!, kept];
  });
  return [results[0]!, results[1]!];
}

const absoluteOf = (builder: ProgramBuilder, input: ValueId, name: string): ValueId =>
  builder.emit(builder.values[input]!.shape, name, { kind: 'absolute', input });

const difference = (builder: ProgramBuilder, shape: Shape, left: ValueId, right: ValueId, name: string): ValueId =>
  builder.emit(shape, name, { kind: 'subtract', left, right });

/** Every member less every other, and its distance from the target beside each. */
function allPairs(builder: ProgramBuilder, predicted: ValueId, wanted: ValueId, members: number): ValueId {
  const side = constant(members);
  const pairs: Shape = [...perVariable, side, side];
  const { shape } = builder.values[predicted]!;
  const [crps] = builder.call({ name: 'all pairs' }, { predicted, wanted }, (frame) => {
    const spread = difference(builder, pairs, predicted, predicted, 'members less members');
    frame.set('spread', absoluteOf(builder, spread, 'distances of members'));
    // Booleans, which leave the type of what they multiply as it is.
    const mask = (name: string) => builder.emit([side, side], name, { kind: 'zerosLike', input: predicted });
    frame.set('diagonal', mask('diagonal'));
    const error = absoluteOf(builder, difference(builder, shape, predicted, wanted, 'errors'), 'absolute errors');
    const repeated = frame.set('errors', builder.emit(pairs, 'errors per pair', { kind: 'expandAxis', input: error }));
    const multiply = { kind: 'multiply', left: repeated, right: mask('off the diagonal') } as const;
    const errors = frame.set('error', builder.emit(pairs, 'errors of others', multiply));
    const both = builder.add(errors, errors, 'errors of both');
    const weighted = builder.withScalar('scale', frame.locals.get('spread')!, 1, 'weigh distances');
    const less = difference(builder, pairs, both, weighted, 'errors less distances');
    const summed = builder.emit(perVariable, 'sum over pairs', { kind: 'sum', input: less });
    return [builder.withScalar('scale', summed, 1, 'per pair')];
  });
  return crps!;
}

/** The mean error, and one member after the other less those behind it. */
function pairByPair(builder: ProgramBuilder, predicted: ValueId, wanted: ValueId, members: number): ValueId {
  const { shape } = builder.values[predicted]!;
  const [crps] = builder.call({ name: 'pair by pair' }, { predicted, wanted }, (frame) => {
    const error = absoluteOf(builder, difference(builder, shape, wanted, predicted, 'errors'), 'absolute errors');
    frame.set('mae', builder.emit(perVariable, 'mean error', { kind: 'mean', input: error }));
    frame.set('spread', builder.emit(perVariable, 'no spread', { kind: 'zerosLike', input: frame.locals.get('mae')! }));
    for (let member = 0; member < members - 1; member++) {
      const behind: Shape = [...perVariable, constant(members - 1 - member)];
      const own = builder.emit(perVariable, `member ${member}`, { kind: 'slice', input: predicted });
      const others = builder.emit(behind, 'members behind it', { kind: 'slice', input: predicted });
      const distance = absoluteOf(builder, difference(builder, behind, own, others, 'less those'), 'distances');
      const summed = builder.emit(perVariable, 'sum over members', { kind: 'sum', input: distance });
      const add = { kind: 'add', left: frame.locals.get('spread')!, right: summed, inPlace: true } as const;
      frame.set('spread', builder.emit(perVariable, 'add to the spread', add));
    }
    const weighed = builder.withScalar('scale', frame.locals.get('spread')!, 1, 'weigh the spread');
    return [builder.add(frame.locals.get('mae')!, weighed, 'error less spread')];
  });
  return crps!;
}

/** One product after the other. */
function scale(builder: ProgramBuilder, crps: ValueId, scalers: readonly ValueId[]): ValueId {
  const [scaled] = builder.call({ name: 'scale' }, { crps }, (frame) => {
    let now = frame.set('out', builder.emit(perVariable, 'copy scores', { kind: 'copy', input: crps }));
    for (const right of scalers)
      now = frame.set('out', builder.emit(perVariable, 'scale scores', { kind: 'multiply', left: now, right }));
    return [now];
  });
  return scaled!;
}

function reduced(builder: ProgramBuilder, scaled: ValueId): ValueId {
  const [loss] = builder.call({ name: 'reduce' }, { scaled }, (frame) => {
    const perNode = builder.emit([grid, perForecast, one], 'mean over variables', { kind: 'mean', input: scaled });
    frame.set('out', perNode);
    return [builder.emit(builder.scalar(), 'sum over nodes', { kind: 'sum', input: perNode })];
  });
  return loss!;
}
