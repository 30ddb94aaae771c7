/** An export is priced as what it is: the model of the code base that it is written for, in that code base's own runtime. */

import { flagsBetween } from '../advise/apply.js';
import { type ModelProfile, type RecipeOptions, readProfile } from '../config/profiles.js';
import type { Config, Model } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf, exportsOf, layoutOf, processorsOf } from '../models/index.js';
import { resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import { labelOf } from '../runtimes/traits.js';

export interface Asked {
  readonly model: string | undefined;
  readonly profile: ModelProfile;
  readonly flags: Flags;
  readonly notes: readonly string[];
}

/**
 * The code base's own profile with the sizes and the recipe of the model that was asked for, as flags, so that every command line
 * reproduces its number. `listed`: options that the space of the sweep gives.
 */
export function inCodeBase(codeBase: string, asked: Asked, listed: readonly string[]): Asked {
  const isOwn = codeBaseOf(asked.profile.model.layout).name === codeBase;
  // Levels are DeepMind's word for channels.
  const { levels, ...typed } = asked.flags;
  const source = resolveWith(asked.profile, isOwn ? {} : { levels });
  const name = isOwn ? asked.profile.name : shippedModel(codeBase, source.model);
  const profile = isOwn ? asked.profile : readProfile<ModelProfile>('models', name);
  const { home, label, options } = layoutOf(profile.model.layout);
  if (typed.runtime !== undefined && typed.runtime !== home)
    throw new InputError(
      'conflicting-options',
      `--runtime ${typed.runtime} with --export ${codeBase}: an export is priced as what it is, and ${label} is ${labelOf(home)} code.`,
      [`--runtime ${home}`, 'Leave --runtime out.', 'Leave --export out.'],
    );
  const runtime = home === profile.runtime ? {} : { runtime: home };
  if (isOwn) return { ...asked, flags: { ...asked.flags, ...runtime } };
  const { import: _, ...kept } = typed;
  const base = resolveWith(profile, runtime);
  const sizes = sizesBetween(base, source);
  const recipe = resolveWith(
    { ...profile, recipe: recipeWithout(listed, asked.profile) },
    { ...runtime, ...sizes },
  ).recipe;
  const carried = {
    ...sizes,
    ...flagsBetween(base.recipe, options.includes('concat-trick') ? recipe : { ...recipe, ...withoutTricks }),
  };
  const unlisted = Object.fromEntries(Object.entries(carried).filter(([option]) => !listed.includes(option)));
  return {
    model: name,
    profile,
    flags: { ...unlisted, ...runtime, ...kept },
    notes: [
      ...asked.notes,
      `--export ${codeBase}: priced as ${name} in ${labelOf(home)}, with the sizes and the recipe of ${asked.profile.name}.`,
    ],
  };
}

function shippedModel(codeBase: string, model: Model): string {
  const name = exportsOf(codeBase).profile?.(model);
  if (name !== undefined) return name;
  throw new InputError(
    'not-exported',
    `--export ${codeBase}: it takes its own models only, and ${model.name} is none.`,
    ['Leave --export out.'],
  );
}

const withoutTricks = { concatTrick: 'off', recomputeActivation: false } as const;

/** A plan that the space replaces need not suit the other code base. */
function recipeWithout(listed: readonly string[], { recipe: { checkpoint, ...rest } }: ModelProfile): RecipeOptions {
  return listed.includes('checkpoint') || checkpoint === undefined ? rest : { ...rest, checkpoint };
}

const takes = ({ model: { layout } }: Config, { processor }: Model): boolean =>
  processorsOf(layout).includes(processor);

/** The flags that give `base` the sizes of `wanted`, as far as both code bases have them. */
function sizesBetween(base: Config, wanted: Config): Flags {
  const of = wanted.model;
  const haveBoth = (option: string) =>
    [base, wanted].every(({ model }) => layoutOf(model.layout).options.includes(option));
  const sizes = (model: Model): Readonly<Record<string, string>> => ({
    'hidden-dim': String(model.hiddenDim),
    layers: String(model.layers),
    'mesh-level': String(model.meshLevel),
    'mlp-hidden-layers': String(model.mlpHiddenLayers),
    'input-channels': String(model.inputChannels),
    'output-channels': String(model.outputChannels),
    grid: `${model.grid.latitudes}x${model.grid.longitudes}`,
    ...(haveBoth('radius-fraction') && { 'radius-fraction': String(model.radiusFraction) }),
    ...(haveBoth('processor') && takes(base, of) && { processor: model.processor }),
  });
  const before = sizes(base.model);
  return Object.fromEntries(Object.entries(sizes(of)).filter(([option, value]) => before[option] !== value));
}
