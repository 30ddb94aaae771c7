/**
 * The same step with fewer layers: what a deep one costs and at least needs follows from two shallow ones, which are a fraction of its
 * trace. From three layers on (the first may lie in the encoder's frame and the last in the decoder's) every further layer is one like
 * the second.
 */
import type { CheckpointPlan, Config } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf } from '../models/index.js';
import { checkPlan } from '../options/check-plan.js';
import { runtimes } from '../parallel/index.js';
import { isParallel, isPipeline } from '../parallel/ranks.js';
import { cutKind } from './combinations.js';

/** Depths, or sizes of a segment, of the two shallow steps. */
export const shallowDepths = [3, 4] as const;
const oneMore = shallowDepths[1];

/** `more` places beyond the second. */
export const alongLine = (few: number, oneMore: number, more: number): number => oneMore + more * (oneMore - few);

type Processor = CheckpointPlan['processor'];

/** Nothing where the code base builds no such model, cuts no such plan, or deals layers out over cards. */
export function atDepth(config: Config, layers: number, processor: Processor): Config | undefined {
  const shallow = ofDepth(config, layers, processor);
  const { model, recipe, runtime } = shallow ?? config;
  return isTaken(() => checkPlan(recipe.checkpoint, model, runtime)) ? shallow : undefined;
}

/** The same with any plan. */
export function ofDepth(config: Config, layers: number, processor: Processor): Config | undefined {
  const model = { ...config.model, layers };
  const checkpoint = { ...config.recipe.checkpoint, processor };
  if (isPipeline(config) || !isTaken(() => codeBaseOf(model.layout).checkModel?.(model))) return undefined;
  return { ...config, model, recipe: { ...config.recipe, checkpoint } };
}

function isTaken(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** All layers in one recomputed segment, where any are. */
export function inOneSegment(processor: Processor, layers: number): Processor {
  switch (processor.kind) {
    case 'none':
      return processor;
    case 'every':
      return { kind: 'every', layers };
    case 'segments':
      return { kind: 'segments', segments: 1 };
  }
}

/** The first and the last layer may lie outside the processor's frame. */
const numOutside = 2;
/** Of edges and of nodes. */
const numBlocksPerLayer = 2;

/** Two steps in segments of two layers, or of one where that is asked, of which the second has one more. */
export function pairOfCuts(config: Config, layers: number) {
  if (layers >= 2) return { size: 2, depths: [6, 8] } as const;
  return { size: 1, depths: isCutInside(config) ? [4, 5] : shallowDepths } as const;
}

interface Segments {
  /** Whole ones of each. */
  readonly layers: number;
  /** At least; no more of them than layers, each of which has its own two arrays. */
  readonly number: number;
}

/** How the processor is cut on one card, one segment where it is not; nothing where a cut reaches into other networks. */
export function segmentsOf(config: Config): Segments | undefined {
  const { model, recipe } = config;
  const kind = cutKind(recipe.checkpoint.processor, config);
  if (isParallel(config) || kind === 'further') return undefined;
  const inner = model.layers - (isCutInside(config) ? numOutside : 0);
  if (kind === 'none') return { layers: inner, number: 1 };
  const perSegment = blocksPerSegment(config);
  return {
    layers: Math.floor(Math.min(perSegment / numBlocksPerLayer, inner)),
    number: Math.min(inner, Math.ceil((numBlocksPerLayer * inner) / perSegment)),
  };
}

/** Whether the first and the last layer lie outside what is cut. */
const isCutInside = (config: Config): boolean =>
  runtimes[config.runtime].segment(config).frames === 'layersInEncoderAndDecoder' &&
  codeBaseOf(config.model.layout).graphcastShape !== undefined;

/** A step in three segments, two of as many layers, three or four, and one of one; and the last layer of the second. */
export interface ThreeSegments {
  readonly step: Config;
  readonly size: number;
  readonly layer: number;
}

export function threeSegments(config: Config, layers: number): ThreeSegments | undefined {
  const size = Math.min(oneMore, layers);
  if (size < shallowDepths[0]) return undefined;
  const outside = isCutInside(config) ? numOutside : 0;
  const depth = 2 * size + 1 + outside;
  const step = depth < config.model.layers ? atDepth(config, depth, { kind: 'every', layers: size }) : undefined;
  return step && { step, size, layer: 2 * size - 1 + outside / 2 };
}

/** Two shallow steps and how many places beyond the second the step itself, or one that it holds, lies on their line. */
export interface ShallowPair {
  readonly steps: readonly [Config, Config];
  readonly more: number;
}

/** Nothing where two shallow steps would be no less work than the step itself, and where cards share its arrays in whole elements. */
export function shallowPair(config: Config): ShallowPair | undefined {
  const found = deeperPair(config);
  const [few, oneMore] = found?.steps ?? [];
  return few && oneMore && few.model.layers + oneMore.model.layers <= config.model.layers ? found : undefined;
}

/** The same, however deep the two are. A forecast keeps nothing of its layers, and other arrays meet in it at three of them than at four. */
export function deeperPair(config: Config): ShallowPair | undefined {
  const { layers } = config.model;
  const { processor } = config.recipe.checkpoint;
  if (isParallel(config) || config.recipe.mode !== 'train') return undefined;
  if (processor.kind === 'none') return pair(config, layers - oneMore, (depth) => [depth, processor]);
  const size = layersPerSegment(config);
  if (size === undefined) return undefined;
  const numSegments = Math.ceil(layers / size);
  return pair(config, numSegments - oneMore, (segments) => [
    layers - (numSegments - segments) * size,
    { kind: 'every', layers: size },
  ]);
}

/**
 * A step with as many whole segments of fewer layers each, and the layers outside: no cut into larger ones needs less. Of four layers, two
 * segments at most and what may lie around them, where they are larger than that; else of two, or of one.
 */
export function withSmallerSegments(config: Config): Config | undefined {
  const { layers } = config.model;
  if (config.recipe.checkpoint.processor.kind === 'none' || isParallel(config)) return undefined;
  const size = blocksPerSegment(config) / numBlocksPerLayer;
  const outside = size > oneMore || isCutInside(config) ? numOutside : 0;
  const numWhole = Math.floor((layers - outside) / size);
  if (!(size > 1) || numWhole === 0) return undefined;
  const [smaller, number] = size > oneMore ? [oneMore, Math.min(2, numWhole)] : [size > 2 ? 2 : 1, numWhole];
  return atDepth(config, number * smaller + outside, { kind: 'every', layers: smaller });
}

function pair(
  config: Config,
  more: number,
  shallow: (place: number) => readonly [layers: number, processor: Processor],
): ShallowPair | undefined {
  if (more < 1) return undefined;
  const [a, b] = shallowDepths.map((place) => atDepth(config, ...shallow(place)));
  return a && b && { steps: [a, b], more };
}

/** Of a processor that is cut; nothing where a segment ends inside a layer. */
function layersPerSegment(config: Config): number | undefined {
  const size = blocksPerSegment(config) / numBlocksPerLayer;
  return Number.isInteger(size) ? size : undefined;
}

/** Of a processor that is cut. */
const blocksPerSegment = (config: Config): number =>
  runtimes[config.runtime].segment(config).processorBlocksPerSegment!;
