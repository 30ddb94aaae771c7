/** The `--checkpoint` language: parts joined by +, e.g. `encoder+processor:every=2`. What a part means is the runtime's business. */
import { InputError } from '../errors.js';
import { maximumEdgeBlocks, maximumLayers } from './limits.js';
import { nearest, orList, shown } from './nearest.js';
import { parseInteger } from './numbers.js';
import type { CheckpointPlan } from './types.js';

export const noCheckpoint: CheckpointPlan = {
  encoder: false,
  decoder: false,
  model: false,
  rollout: false,
  processor: { kind: 'none' },
  edges: { kind: 'none' },
};

/** As a person writes them; also the order in which a plan is printed. */
export const checkpointParts = [
  'encoder',
  'decoder',
  'model',
  'rollout',
  'processor:every=2',
  'processor:segments=2',
  'processor:blocks=4',
  'edges:blocks=8',
  'edges:blocks=8:loop',
] as const;

const switches = ['encoder', 'decoder', 'model', 'rollout'] as const;
const isSwitch = (part: string): part is (typeof switches)[number] => (switches as readonly string[]).includes(part);

const count = (text: string, part: string, maximum: number) =>
  parseInteger(text, `--checkpoint ${part.slice(0, part.indexOf('=') + 1)}`, { minimum: 1, maximum, example: '2' });

function parsePart(part: string, plan: CheckpointPlan): CheckpointPlan {
  if (isSwitch(part)) return { ...plan, [part]: true };
  const match = /^(processor:every|processor:segments|processor:blocks|edges:blocks)=([^:]*)(:loop)?$/.exec(part);
  const [, kind, number = '', loop] = match ?? [];
  if (kind === 'edges:blocks') {
    return { ...plan, edges: { kind: loop ? 'loop' : 'scan', blocks: count(number, part, maximumEdgeBlocks) } };
  }
  if (kind === 'processor:every' && !loop)
    return { ...plan, processor: { kind: 'every', layers: count(number, part, maximumLayers) } };
  if (kind === 'processor:segments' && !loop)
    return { ...plan, processor: { kind: 'segments', segments: count(number, part, 2 * maximumLayers) } };
  if (kind === 'processor:blocks' && !loop) return { ...plan, processorBlocks: count(number, part, 65_536) };
  throw new InputError(
    'unknown-checkpoint-part',
    `--checkpoint: ${shown(part) || 'an empty part'} is not a checkpoint part.`,
    [
      `--checkpoint ${orList(nearest(part, checkpointParts))}`,
      'Join parts with +, for example --checkpoint encoder+processor:every=2; none switches all off.',
    ],
  );
}

/** The first part that recomputes what another one already does. */
function overlap(parts: readonly string[]): readonly [string, string] | undefined {
  const heads = parts.map((part) => part.split(/[:=]/)[0]!);
  for (const [index, head] of heads.entries()) {
    const earlier = heads.indexOf(head);
    if (earlier < index) return [parts[earlier]!, parts[index]!];
  }
  const model = parts.find((part) => part === 'model');
  const other = parts.find((part) => part !== 'model');
  return model && other ? [model, other] : undefined;
}

export function parseCheckpoint(text: string): CheckpointPlan {
  const parts = text
    .trim()
    .split('+')
    .map((part) => part.trim());
  if (parts.length === 1 && parts[0] === 'none') return noCheckpoint;
  if (parts.includes('none')) {
    throw new InputError(
      'overlapping-checkpoint',
      '--checkpoint: none stands alone; it switches every other part off.',
      ['--checkpoint none', `--checkpoint ${parts.filter((part) => part !== 'none').join('+')}`],
    );
  }
  const plan = parts.reduce((soFar, part) => parsePart(part, soFar), noCheckpoint);
  const pair = overlap(parts);
  if (pair) {
    throw new InputError(
      'overlapping-checkpoint',
      `--checkpoint: ${pair[0]} and ${pair[1]} overlap: both recompute the same operations.`,
      [`--checkpoint ${pair[0]}`, `--checkpoint ${pair[1]}`],
    );
  }
  return plan;
}

/** The plan as typed: `parseCheckpoint(formatCheckpoint(plan))` is the plan. */
export function formatCheckpoint(plan: CheckpointPlan): string {
  const parts: string[] = switches.filter((part) => plan[part]);
  if (plan.processor.kind === 'every') parts.push(`processor:every=${plan.processor.layers}`);
  if (plan.processor.kind === 'segments') parts.push(`processor:segments=${plan.processor.segments}`);
  if (plan.processorBlocks !== undefined) parts.push(`processor:blocks=${plan.processorBlocks}`);
  if (plan.edges.kind !== 'none')
    parts.push(`edges:blocks=${plan.edges.blocks}${plan.edges.kind === 'loop' ? ':loop' : ''}`);
  return parts.join('+') || 'none';
}

export type CheckpointPart =
  | 'encoder'
  | 'decoder'
  | 'model'
  | 'rollout'
  | 'processor:every'
  | 'processor:segments'
  | 'processor:blocks'
  | 'edges:blocks'
  | 'edges:blocks:loop';

const partPresent: Readonly<Record<CheckpointPart, (plan: CheckpointPlan) => boolean>> = {
  encoder: (plan) => plan.encoder,
  decoder: (plan) => plan.decoder,
  model: (plan) => plan.model,
  rollout: (plan) => plan.rollout,
  'processor:every': (plan) => plan.processor.kind === 'every',
  'processor:segments': (plan) => plan.processor.kind === 'segments',
  'processor:blocks': (plan) => plan.processorBlocks !== undefined,
  'edges:blocks': (plan) => plan.edges.kind === 'scan',
  'edges:blocks:loop': (plan) => plan.edges.kind === 'loop',
};

export const partsOf = (plan: CheckpointPlan): readonly CheckpointPart[] =>
  (Object.keys(partPresent) as CheckpointPart[]).filter((part) => partPresent[part](plan));

export function withoutPart(plan: CheckpointPlan, part: CheckpointPart): CheckpointPlan {
  switch (part) {
    case 'processor:every':
    case 'processor:segments':
      return { ...plan, processor: { kind: 'none' } };
    case 'processor:blocks': {
      const { processorBlocks: _, ...rest } = plan;
      return rest;
    }
    case 'edges:blocks':
    case 'edges:blocks:loop':
      return { ...plan, edges: { kind: 'none' } };
    default:
      return { ...plan, [part]: false };
  }
}
