/** FLOPs of a step, from shallow programs; those of all its checkpoint plans from two of them. */
import { noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../config/types.js';
import { forEachProduct } from '../cost/flops.js';
import type { Block, ForwardProgram } from '../ir/forward-program.js';
import { numElements } from '../ir/shape.js';
import { type Counts, dimensionsOf } from '../models/dimensions.js';
import { codeBaseOf } from '../models/index.js';
import { programOf, runtimes } from '../parallel/index.js';
import { isPipeline } from '../parallel/ranks.js';
import { cutKind } from './combinations.js';
import { inOneSegment, ofDepth, shallowDepths } from './depth.js';

export interface StepCost {
  /** FLOPs of a training step ÷ its samples. */
  readonly sampleFlops: number;
  readonly recomputedSampleFlops: number;
}

/** What a plan recomputes or not, and what lies between and around them. */
const networks = ['encoder', 'processor', 'decoder'] as const;
const places = [...networks, 'model', 'outside'] as const;
type Place = (typeof places)[number];

/** Of one sample, a sum each; all of them lie on lines in rollout steps and layers. */
const sums = ['once', 'forwardInModel', ...places] as const;
type Sums = Readonly<Record<(typeof sums)[number], number>>;

type ProgramOf = (config: Config) => ForwardProgram;

export function costOf(config: Config, counts: Counts, program: ProgramOf = programOf): StepCost {
  const flops = flopsOf(config, counts, program);
  return costWith(
    flops.once,
    places.reduce((sum, place) => sum + flops[place], 0),
  );
}

const costWith = (once: number, recomputedSampleFlops: number): StepCost => ({
  sampleFlops: once + recomputedSampleFlops,
  recomputedSampleFlops,
});

/** Of checkpoint plans with the same recipe otherwise. What a network costs again depends on whether the plan has it, and on nothing else of it. */
export class PlanCosts {
  private readonly known = new Map<string, Sums>();

  constructor(private readonly program: ProgramOf) {}

  of(config: Config, counts: Counts): StepCost {
    const kind = cutKind(config.recipe.checkpoint.processor, config);
    if (kind === 'further') return costOf(config, counts, this.program);
    // One cut stands for all, lawful or not.
    const processor = kind === 'cut' ? inOne : noCheckpoint.processor;
    const cut = runtimes[config.runtime].segment(withNetworks(config, { processor }));
    const whole = hasSameWork(config) ? withNetworks(config, { edges: noCheckpoint.edges }) : config;
    const none = this.flops(cut.encoder && cut.decoder ? whole : config, noNetworks, counts);
    if (cut.model || cut.rollout) return costWith(none.once, none.forwardInModel + none.outside);
    const isAgain = { ...cut, processor: cut.processorBlocksPerSegment !== undefined };
    const all = networks.some((network) => isAgain[network]) ? this.flops(whole, allNetworks, counts) : none;
    const again = networks.reduce((sum, network) => sum + (isAgain[network] ? all : none)[network], 0);
    return costWith(none.once, again + none.model + none.outside);
  }

  private flops(config: Config, plan: Partial<CheckpointPlan>, counts: Counts): Sums {
    const ofCards = withNetworks(config, { ...plan, model: false, rollout: false });
    // Layers that are dealt out over cards lie on no line.
    const changed = isPipeline(config) ? ofCards : ofOneSample(ofCards);
    const { optimizer, precision, accumulate, offload, allocator, memFraction, ...rules } = changed.recipe;
    const key = JSON.stringify(rules);
    const sums = this.known.get(key) ?? flopsOf(changed, counts, this.program);
    this.known.set(key, sums);
    return sums;
  }
}

/** In blocks of edges: of a network that is recomputed they are too, and each product counts once. */
export const hasSameWork = ({ model }: Config): boolean => !codeBaseOf(model.layout).blocksComputeMore?.(model);

const inOne: CheckpointPlan['processor'] = { kind: 'every', layers: shallowDepths[0] };
const noNetworks = { encoder: false, decoder: false, processor: noCheckpoint.processor };
const allNetworks = { encoder: true, decoder: true, processor: inOne };

const withNetworks = ({ recipe, ...config }: Config, plan: Partial<CheckpointPlan>): Config => ({
  ...config,
  recipe: { ...recipe, checkpoint: { ...recipe.checkpoint, ...plan } },
});

/**
 * Of all cards together, whatever they share: what they compute twice at the borders of a cut graph is not counted. From two rollout
 * steps on, the first and the last are there, and every further one costs the same.
 */
function flopsOf(config: Config, counts: Counts, program: ProgramOf): Sums {
  const { rolloutSteps } = config.recipe;
  if (rolloutSteps <= 3) return flopsOfLayers(config, counts, program);
  const [few, oneMore] = [2, 3].map((numSteps) =>
    flopsOfLayers({ ...config, recipe: { ...config.recipe, rolloutSteps: numSteps } }, counts, program),
  );
  return alongLine(few!, oneMore!, rolloutSteps - 3);
}

/** Every layer after the third costs the same, in one segment or in many, lawful or not. */
function flopsOfLayers(config: Config, counts: Counts, program: ProgramOf): Sums {
  const { layers } = config.model;
  const { processor } = config.recipe.checkpoint;
  const [few, oneMore] = shallowDepths.map((depth) =>
    depth < layers && cutKind(processor, config) !== 'further'
      ? ofDepth(config, depth, inOneSegment(processor, depth))
      : undefined,
  );
  if (few === undefined || oneMore === undefined) return flopsOfProgram(config, counts, program);
  const of = (each: Config) => flopsOfProgram(each, counts, program);
  return alongLine(of(few), of(oneMore), layers - shallowDepths[1]);
}

const alongLine = (few: Sums, oneMore: Sums, more: number): Sums =>
  Object.fromEntries(sums.map((sum) => [sum, oneMore[sum] + more * (oneMore[sum] - few[sum])])) as Sums;

const ofOneSample = ({ recipe, ...config }: Config): Config => ({
  ...config,
  recipe: { ...recipe, batchSize: 1, gpus: 1, parallel: 'none' },
});

function flopsOfProgram(config: Config, counts: Counts, programOf: ProgramOf): Sums {
  const onOneCard = ofOneSample(config);
  const program = programOf(onOneCard);
  const base = { ...dimensionsOf(onOneCard, counts), batch: 1 };
  const dimensions = runtimes[config.runtime].dimensions(base, onOneCard);
  const trains = program.loss !== undefined;
  const found = Object.fromEntries(sums.map((sum) => [sum, 0])) as Record<keyof Sums, number>;
  forEachProduct(program, (shape, numBackward, times, blocks) => {
    const flops = 2 * times * numElements(shape, dimensions);
    found.once += (trains ? 1 + numBackward : 1) * flops;
    const place = placeOf(blocks);
    if (place !== 'outside') found.forwardInModel += flops;
    if (trains && blocks.some(({ recomputed }) => recomputed)) found[place] += flops;
  });
  return found;
}

/** Of networks that lie in one another (a frame of the encoder's may take the processor's first layer) the outer one. */
function placeOf(blocks: readonly Block[]): Place {
  let place: Place = 'outside';
  for (const { role } of blocks) {
    if (role.kind === 'model') place = 'model';
    if (role.kind === 'encoder' || role.kind === 'decoder' || role.kind === 'processor') return role.kind;
    if (role.kind === 'processorSegment') return 'processor';
  }
  return place;
}
