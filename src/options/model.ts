/** The model: a profile's networks with the typed changes, and the laws that tie its numbers together. */

import type { ModelValues } from '../config/model-options.js';
import type { ModelProfile } from '../config/profiles.js';
import type { Model, OwnValue, ProcessorKind, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import type { Network } from '../models/code-base.js';
import {
  codeBaseOf,
  codeBases,
  layoutOf,
  layoutWith,
  optionsOfSome,
  processorsOf,
  processorTraits,
} from '../models/index.js';
import { labelOf, runtimesWith, runtimeTraits } from '../runtimes/traits.js';
import { modelDefinitions } from './definitions/model.js';
import { checkEdges, checkReducedGrid, resolveCounts, resolveGrid, resolveMesh } from './graph.js';
import { notInRuntime, type Typed } from './typed.js';

function notInLayout(option: string, profile: ModelProfile): InputError {
  const { label } = layoutOf(profile.model.layout);
  return new InputError('not-in-model', `--${option}: ${label} has no such option (model ${profile.name}).`, [
    `Leave --${option} out.`,
    'gc-plan profiles lists the models.',
  ]);
}

function checkLayoutHas(profile: ModelProfile, typed: Typed): void {
  const { options } = layoutOf(profile.model.layout);
  const isMissing = (option: string) =>
    !options.includes(option) || (option === 'levels' && profile.model.pressureLevels === undefined);
  for (const option of optionsOfSome()) if (typed.has(option) && isMissing(option)) throw notInLayout(option, profile);
  const own = codeBaseOf(profile.model.layout).options ?? [];
  for (const { name } of codeBases().flatMap((codeBase) => codeBase.options ?? []))
    if (typed.has(name) && !own.some((each) => each.name === name)) throw notInLayout(name, profile);
}

/** The options of its code base alone. A typed value wins over the profile's, the profile's over the default; without a default the network has no such option. */
function resolveOwn(
  { name: profile, model: { own: profiled = {} } }: ModelProfile,
  network: Pick<Model, 'layout' | 'processor'>,
  typed: Typed,
): Pick<Model, 'own'> {
  const { options } = codeBaseOf(network.layout);
  if (options === undefined) return {};
  const own: Record<string, OwnValue> = {};
  for (const { name, key, default: otherwise } of options) {
    const value = typeof otherwise === 'function' ? otherwise({ ...network, own }) : otherwise;
    if (value !== undefined) own[key] = typed.get(name) ?? profiled[key] ?? value;
    else if (typed.has(name)) throw notInNetwork(name, profile, network, own, otherwise as NetworkDefault);
  }
  return { own };
}

type NetworkDefault = (network: Network) => unknown;

function notInNetwork(
  option: string,
  profile: string,
  { layout }: Pick<Model, 'layout'>,
  own: Readonly<Record<string, OwnValue>>,
  value: NetworkDefault,
): InputError {
  const having = processorsOf(layout).filter((each) =>
    value({ layout: layoutWith(layout, each), processor: each, own }),
  );
  return new InputError(
    'not-in-processor',
    `--${option}: ${layoutOf(layout).label} has no such option (model ${profile}).`,
    [`Leave --${option} out.`, ...having.map((processor) => `--processor ${processor}`)],
  );
}

function checkProcessor({ name, model: { layout } }: ModelProfile, processor: ProcessorKind): void {
  const processors = processorsOf(layout);
  if (processors.includes(processor)) return;
  throw new InputError(
    'not-in-model',
    `--processor ${processor}: ${layoutOf(layout).label} has no such layers (model ${name}).`,
    [...processors.map((each) => `--processor ${each}`)],
  );
}

/** Networks of one code base start from different numbers of hidden layers: how many more `to` has than `from`. */
function moreHiddenLayers(from: Model['layout'], to: Model['layout']): number {
  const fewest = (layout: Model['layout']) => layoutOf(layout).fewestHiddenLayers ?? 1;
  return fewest(to) - fewest(from);
}

/** The typed values of options that set one key each. */
const typedModel = (typed: Typed): Partial<ModelValues> =>
  Object.fromEntries(
    modelDefinitions.flatMap(({ key, name }) => (typed.has(name) ? [[key, typed.get(name)] as const] : [])),
  );

/** Options of the attention layer mean nothing to the others: typing them there is a mistake to point at. */
function checkAttention(profile: ModelProfile, { layout, processor, hiddenDim, heads }: Model, typed: Typed): void {
  const { hasMlpRatio, hasHeads } = processorTraits({ layout, processor });
  for (const option of ['heads', 'attention-backend', 'mlp-ratio'] as const) {
    const meaningful = option === 'mlp-ratio' ? hasMlpRatio : hasHeads;
    if (typed.has(option) && !meaningful) {
      const next = layoutOf(layout).options.includes('processor') ? '--processor attention' : 'gc-plan profiles';
      throw new InputError(
        'not-in-processor',
        `--${option}: only the attention processor has it, and ${profile.name} runs ${processor} layers.`,
        [next],
      );
    }
  }
  if (hasHeads && hiddenDim % heads !== 0) {
    const fitting = [16, 8, 4, 2, 1].find((count) => hiddenDim % count === 0)!;
    throw new InputError('heads-do-not-divide', `--hidden-dim ${hiddenDim} is not divisible by ${heads} heads.`, [
      `--heads ${fitting}`,
      `--hidden-dim ${Math.ceil(hiddenDim / heads) * heads}`,
    ]);
  }
}

function modelAssumptions(model: Model, runtime: RuntimeName): readonly string[] {
  const traits = layoutOf(model.layout);
  const notes: string[] = [];
  if (model.counts)
    notes.push('The graph is the five typed counts: grid, mesh level and radius fraction decide nothing.');
  if (runtime !== traits.home && !runtimeTraits[runtime].isOurs) {
    notes.push(
      `Hypothetical: ${traits.label} is ${labelOf(traits.home)} code and nobody runs it in ${labelOf(runtime)}; it is priced with that runtime's rules.`,
    );
  }
  notes.push(...(codeBaseOf(model.layout).modelNotes?.(model) ?? []));
  // An equilateral triangle's centre lies 1/√3 of an edge from its corners.
  if (traits.options.includes('radius-fraction') && model.radiusFraction < 1 / Math.sqrt(3))
    notes.push(`A radius fraction of ${model.radiusFraction} may leave grid points without a mesh neighbour.`);
  return notes;
}

/** anemoi's kernels are PyTorch's; elsewhere attention is plain operations, which is what `pyg` means. */
function resolveBackend(
  profileBackend: Model['attentionBackend'],
  typed: Typed,
  runtime: RuntimeName,
): Model['attentionBackend'] {
  const typedBackend = typed.text('attention-backend') as Model['attentionBackend'] | undefined;
  const having = runtimesWith('attentionBackend');
  if (having.includes(runtime)) return typedBackend ?? profileBackend;
  if (typedBackend) throw notInRuntime('attention-backend', typedBackend, runtime, [], having);
  return 'pyg';
}

export function resolveModel(
  profile: ModelProfile,
  typed: Typed,
  runtime: RuntimeName,
): { readonly model: Model; readonly assumptions: readonly string[] } {
  checkLayoutHas(profile, typed);
  const { mesh: _, ...base } = profile.model;
  const processor = (typed.text('processor') as ProcessorKind | undefined) ?? base.processor;
  checkProcessor(profile, processor);
  const layout = layoutWith(base.layout, processor);
  const levels = typed.text('levels');
  const counts = resolveCounts(typed);
  const model: Model = {
    name: profile.name,
    ...base,
    layout,
    mlpHiddenLayers: base.mlpHiddenLayers + moreHiddenLayers(base.layout, layout),
    ...(levels !== undefined && atLevels(profile.model, Number(levels))),
    ...typedModel(typed),
    ...resolveMesh(profile.model, typed),
    grid: resolveGrid(profile, typed),
    ...(counts && { counts }),
    attentionBackend: resolveBackend(base.attentionBackend, typed, runtime),
    ...resolveOwn(profile, { layout, processor }, typed),
  };
  checkAttention(profile, model, typed);
  codeBaseOf(model.layout).checkModel?.(model);
  checkReducedGrid(model, typed);
  if (counts === undefined) checkEdges(model);
  return { model, assumptions: modelAssumptions(model, runtime) };
}

/** Per pressure level: 6 atmospheric variables, read at 2 times and predicted at 1 (google-deepmind/graphcast, graphcast.py TASK definitions). */
const inputChannelsPerLevel = 12;
const outputChannelsPerLevel = 6;

type Channels = Pick<Model, 'inputChannels' | 'outputChannels' | 'pressureLevels'>;

/** The same task at another number of pressure levels: what depends on no level (surface, forcings, structure) stays. */
export function atLevels({ inputChannels, outputChannels, pressureLevels }: Channels, levels: number): Channels {
  const added = pressureLevels === undefined ? 0 : levels - pressureLevels;
  return {
    pressureLevels: levels,
    inputChannels: inputChannels + added * inputChannelsPerLevel,
    outputChannels: outputChannels + added * outputChannelsPerLevel,
  };
}
