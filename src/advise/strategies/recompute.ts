/** What is recomputed in the backward pass instead of being kept: a network, groups of layers, the whole model, a rollout step. */
import { formatCheckpoint, noCheckpoint } from '../../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../../config/types.js';
import { codeBaseOf, layoutOf } from '../../models/index.js';
import { isLawful, trains } from '../apply.js';
import type { Change, Strategy } from '../types.js';

type Part = 'encoder' | 'decoder' | 'model' | 'rollout';

/** Whether the runtime can recompute the part in this model, whatever else is recomputed. */
export const hasPart = (config: Config, part: Part): boolean =>
  trains(config) && isLawful({ ...noCheckpoint, [part]: true }, config);

/** Switches one part on or off. */
const togglesPart =
  (part: Part) =>
  (config: Config): readonly Change[] =>
    hasPart(config, part) ? [{ checkpoint: { [part]: !config.recipe.checkpoint[part] } }] : [];

export const checkpointEncoder: Strategy = {
  id: 'checkpoint-encoder',
  touches: 'plan',
  describe: 'Recomputes the encoder in the backward pass instead of keeping its edge arrays.',
  cost: 'The encoder runs forward twice.',
  numerics: 'same',
  changes: togglesPart('encoder'),
};

export const checkpointDecoder: Strategy = {
  id: 'checkpoint-decoder',
  touches: 'plan',
  describe: 'Recomputes the decoder in the backward pass instead of keeping its edge arrays.',
  cost: 'The decoder runs forward twice.',
  numerics: 'same',
  changes: togglesPart('decoder'),
};

type Processor = CheckpointPlan['processor'];

/** The first and the last layer may lie in the encoder's and the decoder's frame. */
const numOutside = 2;

/** In as many segments, larger ones keep as much at the cuts and more inside: of each number the smallest size. */
const makesFewerSegments = (size: number, layers: number): boolean =>
  size === 1 || [layers, layers - numOutside].some((cut) => Math.ceil(cut / size) < Math.ceil(cut / (size - 1)));

/** Numbers of layers per segment, and segments where they are not a number of layers each; equal cuts once. */
function cuts({ model }: Config): readonly Processor[] {
  const { layers, layout } = model;
  const every = Array.from({ length: layers }, (_, index) => index + 1)
    .filter((size) => makesFewerSegments(size, layers))
    .map((size): Processor => ({ kind: 'every', layers: size }));
  const segments = Array.from(
    { length: 2 * Math.max(0, layers - 2) },
    (_, index): Processor => ({ kind: 'segments', segments: index + 1 }),
  );
  return codeBaseOf(layout).processorCuts?.segmentsFirst ? [...segments, ...every] : [...every, ...segments];
}

const alone = (processor: Processor): CheckpointPlan => ({ ...noCheckpoint, processor });

/** Where two cuts agree in it, they are the same. */
function keyOf(processor: Processor, { model, runtime }: Config): string {
  const own = codeBaseOf(model.layout).processorCuts?.key;
  const isHome = layoutOf(model.layout).home === runtime;
  return own !== undefined && isHome ? own(processor, model) : formatCheckpoint(alone(processor));
}

function alternatives(config: Config): readonly Processor[] {
  const seen = new Set([keyOf(config.recipe.checkpoint.processor, config)]);
  const none: Processor = { kind: 'none' };
  return [none, ...cuts(config)].filter((processor) => {
    const key = keyOf(processor, config);
    if (seen.has(key) || !isLawful(alone(processor), config)) return false;
    seen.add(key);
    return true;
  });
}

export const checkpointProcessor: Strategy = {
  id: 'checkpoint-processor',
  touches: 'plan',
  describe: 'Keeps the mesh nodes and edges between groups of layers only and recomputes the layers inside.',
  cost: 'The processor runs forward twice.',
  numerics: 'same',
  changes: (config) => (trains(config) ? alternatives(config).map((processor) => ({ checkpoint: { processor } })) : []),
};

export const checkpointModel: Strategy = {
  id: 'checkpoint-model',
  touches: 'plan',
  describe:
    'Recomputes the whole network at once: nothing is kept in between, and everything is alive when it runs again.',
  cost: 'The whole network runs forward twice.',
  numerics: 'same',
  // The other parts lie inside it.
  changes: (config) =>
    togglesPart('model')(config).map((change) =>
      change.checkpoint?.model ? { checkpoint: { ...noCheckpoint, model: true } } : change,
    ),
};

export const checkpointRollout: Strategy = {
  id: 'checkpoint-rollout',
  touches: 'plan',
  describe: 'Keeps the state between autoregressive steps only and recomputes each step.',
  cost: 'Every rollout step runs forward twice.',
  numerics: 'same',
  // At one step the released code ignores it.
  changes: (config) => (config.recipe.rolloutSteps > 1 ? togglesPart('rollout')(config) : []),
};
