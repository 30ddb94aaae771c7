/**
 * Where a training step is cut into tapes. TensorFlow.js frees nothing before a tape's backward pass ends, and a tape cannot stay
 * open while another one runs: a cut makes everything before it run twice, first without a tape.
 */
import type { CheckpointPlan, Config } from '../../config/types.js';
import { InputError } from '../../errors.js';
import type { Block, ForwardProgram, Node, Operation, Segmentation, ValueId } from '../../program/types.js';

/** A run of the program under one tape. */
export interface TapeSegment {
  readonly nodes: readonly Node[];
  /** Values that an earlier segment makes. */
  readonly inputs: readonly ValueId[];
  /** Values that a later segment or the caller needs. */
  readonly outputs: readonly ValueId[];
  readonly parameters: readonly ValueId[];
}

const numBlocksPerLayer = 2;

function blocksPerSegment(plan: CheckpointPlan, layers: number): number | undefined {
  switch (plan.processor.kind) {
    case 'none':
      return undefined;
    case 'every':
      return numBlocksPerLayer * plan.processor.layers;
    case 'segments':
      return Math.ceil((numBlocksPerLayer * layers) / plan.processor.segments);
  }
}

export function segment({ model, recipe }: Pick<Config, 'model' | 'recipe'>): Segmentation {
  const { checkpoint: plan } = recipe;
  if (plan.edges.kind !== 'none')
    throw new InputError('unsupported-checkpoint', 'TensorFlow.js cannot recompute blocks of edges', [
      'leave out edges:blocks',
    ]);
  const processorBlocksPerSegment = blocksPerSegment(plan, model.layers);
  const processor = processorBlocksPerSegment !== undefined;
  return {
    frames: 'tfjs',
    model: plan.model,
    rollout: plan.rollout && recipe.rolloutSteps > 1,
    encoder: plan.encoder || plan.decoder || processor,
    decoder: false,
    ...(processor
      ? { processorBlocksPerSegment }
      : plan.decoder
        ? { processorBlocksPerSegment: numBlocksPerLayer * model.layers }
        : {}),
  };
}

const childBlocks = (block: Block): readonly Block[] => block.body.filter((node) => node.kind === 'block');

/** The program's nodes in order, with `'cut'` where one tape ends and the next begins. */
function pieces(program: ForwardProgram, plan: CheckpointPlan): (Node | 'cut')[] {
  const processor = plan.processor.kind !== 'none';
  const parts = plan.encoder || plan.decoder || processor;
  const result: (Node | 'cut')[] = [];
  const models = childBlocks(program.root).filter(({ role }) => role.kind === 'model');
  const insideModel = (node: Node) => {
    const kind = node.kind === 'block' ? node.role.kind : undefined;
    if (kind === 'decoder' && (plan.decoder || processor)) result.push('cut');
    if (kind === 'processor' && processor) for (const each of childBlocks(node as Block)) result.push(each, 'cut');
    else result.push(node);
    if (kind === 'encoder' && (plan.encoder || processor)) result.push('cut');
  };
  for (const node of program.root.body) {
    const step = models.indexOf(node as Block);
    if (step < 0) {
      result.push(node);
      continue;
    }
    const isCut = parts || plan.rollout || plan.model;
    if (step > 0 && isCut) result.push('cut');
    if (parts) for (const each of (node as Block).body) insideModel(each);
    else result.push(node);
    if (isCut && (plan.model || step < models.length - 1)) result.push('cut');
  }
  return result;
}

function operationsOf(nodes: readonly Node[]): Operation[] {
  return nodes.flatMap((node) =>
    node.kind === 'block' ? operationsOf(node.body) : node.kind === 'drop' ? [] : [node],
  );
}

/** Fields of operations that hold values, parameters and data included. */
const valueFields: ReadonlySet<string> = new Set([
  ...['input', 'inputs', 'left', 'right', 'weight', 'weights', 'bias', 'scale', 'offset'],
  ...['edges', 'senders', 'receivers', 'prediction', 'target'],
]);

const readsOf = (operation: Operation): ValueId[] =>
  Object.entries(operation).flatMap(([field, read]) => (valueFields.has(field) ? (read as ValueId | ValueId[]) : []));

export function tapeSegments(program: ForwardProgram, plan: CheckpointPlan): TapeSegment[] {
  const runs: Node[][] = [[]];
  for (const piece of pieces(program, plan)) {
    if (piece === 'cut') runs.push([]);
    else runs.at(-1)!.push(piece);
  }
  const filled = runs.filter((nodes) => operationsOf(nodes).length > 0);
  const facts = filled.map((nodes) => {
    const operations = operationsOf(nodes);
    return { nodes, made: new Set(operations.map(({ output }) => output)), read: new Set(operations.flatMap(readsOf)) };
  });
  const results = new Set(program.loss === undefined ? program.predictions : [program.loss]);
  return facts.map(({ nodes, made, read }, i) => {
    const readLater = new Set(facts.slice(i + 1).flatMap((later) => [...later.read]));
    const source = (id: ValueId) => program.values[id]!.source;
    return {
      nodes,
      inputs: [...read].filter((id) => source(id) === 'operation' && !made.has(id)),
      outputs: [...made].filter((id) => readLater.has(id) || results.has(id)),
      parameters: [...read].filter((id) => source(id) === 'parameter'),
    };
  });
}
