/**
 * Where a training step is cut into tapes. TensorFlow.js frees nothing before a tape's backward pass ends, and a tape cannot stay
 * open while another one runs: a cut makes everything before it run twice, first without a tape.
 */
import type { CheckpointPlan, Config } from '../../config/types.js';
import { type Block, type ForwardProgram, type Node, operationsOf } from '../../ir/forward-program.js';
import { type Operation, parametersOf, readsOf } from '../../ir/operations.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { ValueId } from '../../ir/types.js';
import { aroundEdges, cutEdgesOf, type EdgeBlock, edgeBlocksOf } from './edge-blocks.js';

/** A run of the program under one tape. */
export interface TapeSegment {
  readonly nodes: readonly Node[];
  /** Values that an earlier segment makes. */
  readonly inputs: readonly ValueId[];
  /** Values that a later segment or the caller needs. */
  readonly outputs: readonly ValueId[];
  readonly parameters: readonly ValueId[];
  /** Where the rollout is cut: the step that it belongs to. */
  readonly model?: Block;
  /** The edges that it computes; the blocks of a set share their output, and their results add up. */
  readonly block?: EdgeBlock;
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

/** Of a step as it runs, every rollout step written. */
export function segment({ model, recipe }: Pick<Config, 'model' | 'recipe'>): Segmentation {
  const { checkpoint: plan } = recipe;
  const processorBlocksPerSegment = blocksPerSegment(plan, model.layers);
  const processor = processorBlocksPerSegment !== undefined;
  const blocks = plan.edges.kind !== 'none';
  return {
    frames: 'networkWithMeshEdges',
    model: plan.model,
    rollout: plan.rollout && recipe.rolloutSteps > 1,
    encoder: plan.encoder || plan.decoder || processor || blocks,
    decoder: false,
    ...(processor
      ? { processorBlocksPerSegment }
      : plan.decoder || blocks
        ? { processorBlocksPerSegment: numBlocksPerLayer * model.layers }
        : {}),
    ...(plan.edges.kind !== 'none' && { edgeBlocks: plan.edges }),
  };
}

/** A processor cut into tapes ends the encoder's and begins the decoder's; between rollout steps any cut ends one. */
export function cutsOf({ model, recipe }: Pick<Config, 'model' | 'recipe'>) {
  const { encoder, decoder, processor, edges, ...plan } = recipe.checkpoint;
  const cutsProcessor = processor.kind !== 'none';
  const cutsInside = encoder || decoder || cutsProcessor || edges.kind !== 'none';
  return {
    segmentation: segment({ model, recipe }),
    encoder: encoder || cutsProcessor,
    decoder: decoder || cutsProcessor,
    processor: cutsProcessor,
    model: plan.model,
    rollout: recipe.rolloutSteps > 1 && (cutsInside || plan.model || plan.rollout),
  };
}

/**
 * Where tapes end. Edges in blocks have tapes of their own, so that none is left before the decoder; a processor that is one segment is cut
 * where encoder and decoder are.
 */
export function traceCutsOf(config: Pick<Config, 'model' | 'recipe'>) {
  const { segmentation, processor: _, ...cuts } = cutsOf(config);
  const { frames, processorBlocksPerSegment, edgeBlocks } = segmentation;
  const decoder = cuts.decoder && edgeBlocks === undefined;
  return { frames, processorBlocksPerSegment, edgeBlocks, ...cuts, decoder };
}

const childBlocks = (block: Block): readonly Block[] => block.body.filter((node) => node.kind === 'block');

/** A run of nodes between two cuts. */
interface Run extends Pick<TapeSegment, 'model' | 'block'> {
  readonly nodes: Node[];
}

/** The program's nodes in order; a new run where one tape ends and the next begins. */
function runsOf(program: ForwardProgram, plan: CheckpointPlan): Run[] {
  const processor = plan.processor.kind !== 'none';
  const blocks = plan.edges.kind !== 'none';
  const parts = plan.encoder || plan.decoder || processor || blocks;
  const runs: Run[] = [{ nodes: [] }];
  let model: Pick<Run, 'model'> = {};
  const cut = () => runs.push({ nodes: [], ...model });
  const push = (node: Node) => runs.at(-1)!.nodes.push(node);
  const pushInBlocks = (frame: Block, edges: EdgeBlock['edges']) => {
    const [before, update, rest] = aroundEdges(program, frame, edges);
    push(before);
    runs.push(...edgeBlocksOf(edges, plan).map((block) => ({ nodes: [update], block, ...model })), {
      nodes: [rest],
      ...model,
    });
  };
  const insideModel = (node: Node) => {
    const kind = node.kind === 'block' ? node.role.kind : undefined;
    if (kind === 'decoder' && (plan.decoder || processor)) cut();
    if (blocks && (kind === 'encoder' || kind === 'decoder')) pushInBlocks(node as Block, cutEdgesOf[kind]);
    else if (kind === 'processor' && processor)
      for (const each of childBlocks(node as Block)) {
        push(each);
        cut();
      }
    else push(node);
    if (kind === 'encoder' && (plan.encoder || processor)) cut();
  };
  const models = childBlocks(program.root).filter(({ role }) => role.kind === 'model');
  for (const node of program.root.body) {
    const step = models.indexOf(node as Block);
    if (step < 0) {
      push(node);
      continue;
    }
    const isCut = parts || plan.rollout || plan.model;
    if (isCut) model = { model: node as Block };
    if (step > 0 && isCut) cut();
    if (parts) (node as Block).body.forEach(insideModel);
    else push(node);
    if (isCut && (plan.model || step < models.length - 1)) cut();
  }
  return runs;
}

const valuesReadBy = (operation: Operation): readonly ValueId[] => [...readsOf(operation), ...parametersOf(operation)];

export function tapeSegments(program: ForwardProgram, plan: CheckpointPlan): TapeSegment[] {
  const facts = runsOf(program, plan).flatMap((run) => {
    const operations = operationsOf(run.nodes);
    if (operations.length === 0) return [];
    const made = new Set(operations.map(({ output }) => output));
    return { run, made, read: new Set(operations.flatMap(valuesReadBy).filter((id) => !made.has(id))) };
  });
  const results = new Set(program.loss === undefined ? program.predictions : [program.loss]);
  const lastReader = new Map(facts.flatMap(({ read }, i) => [...read].map((id) => [id, i] as const)));
  return facts.map(({ run, made, read }, i) => {
    const source = (id: ValueId) => program.values[id]!.source;
    return {
      ...run,
      inputs: [...read].filter((id) => source(id) === 'operation'),
      outputs: [...made].filter((id) => lastReader.get(id)! > i || results.has(id)),
      parameters: [...read].filter((id) => source(id) === 'parameter'),
    };
  });
}
