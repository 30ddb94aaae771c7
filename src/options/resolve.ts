/** Profiles and flags to a `Config`: a typed flag replaces the recipe's value, the recipe's replaces the model profile's. */

import { type Architecture, resolveDevice } from '../config/device.js';
import type { NumberRange } from '../config/numbers.js';
import { loadRecipe, type ModelProfile } from '../config/profiles.js';
import type { Config, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { layoutOf } from '../models/index.js';
import { labelOf } from '../runtimes/traits.js';
import { allOptions } from './definitions/shared.js';
import { isConfigurationFile, loadModel } from './load-model.js';
import { resolveModel } from './model.js';
import { findOption } from './option-values.js';
import { resolveRecipe } from './recipe.js';
import { type Flags, Typed } from './typed.js';

export interface ResolveInput {
  /** A shipped profile's name, or a file: with a slash or ending in .json. */
  readonly model?: string | undefined;
  readonly defaultModel?: string;
  readonly flags: Flags;
}

function resolveRuntime(profile: ModelProfile, typed: Typed): RuntimeName {
  const runtime = (typed.text('runtime') as RuntimeName | undefined) ?? profile.runtime;
  const { label, runtimes } = layoutOf(profile.model.layout);
  if (!runtimes.includes(runtime)) {
    throw new InputError(
      'not-in-runtime',
      `--runtime ${runtime}: ${label} (model ${profile.name}) runs in ${runtimes.map((name) => labelOf(name)).join(', ')} only.`,
      [`--runtime ${runtimes[0]}`],
    );
  }
  return runtime;
}

/** The synchronous heart, cheap enough to call for every candidate of a search. Throws `InputError`. */
export function resolveWith(profile: ModelProfile, flags: Flags): Config {
  const typed = new Typed(flags);
  const runtime = resolveRuntime(profile, typed);
  const { model, assumptions: modelNotes } = resolveModel(profile, typed, runtime);
  const recipeName = typed.text('recipe');
  const options = recipeName === undefined ? profile.recipe : { ...profile.recipe, ...loadRecipe(recipeName).recipe };
  const { recipe, assumptions: recipeNotes } = resolveRecipe({ ...profile, recipe: options }, typed, runtime, model);
  const {
    device,
    reserveBytes,
    assumptions: deviceNotes,
  } = resolveDevice({
    gpu: typed.text('gpu'),
    vram: typed.text('vram'),
    architecture: typed.text('architecture') as Architecture | undefined,
    reserve: typed.text('reserve'),
  });
  return {
    runtime,
    model,
    recipe,
    device,
    reserveBytes,
    allowTight: typed.isOn('allow-tight') ?? false,
    assumptions: [...(profile.notes ?? []), ...modelNotes, ...recipeNotes, ...deviceNotes],
  };
}

/** What stands in for a model that nobody named. */
export const modelUnnamed = 'graphcast-small';

/** The model's profile: a shipped one, a user's file, or another code base's configuration. */
export async function loadProfile({ model, defaultModel, flags }: ResolveInput): Promise<ModelProfile> {
  const name = model ?? defaultModel ?? modelUnnamed;
  const modelIsFile = flags.import === undefined && (await isConfigurationFile(name));
  const file = modelIsFile ? name : flags.import;
  if (file === undefined) return loadModel(name);
  if (typeof file !== 'string' || file.trim() === '')
    throw new InputError('missing-value', '--import needs a value: FILE.', ['--import conf/config.yaml']);
  const { importProfile } = await import('../models/importing/index.js');
  return importProfile(file, {
    typed: new Set(Object.keys(flags).filter((name) => flags[name] !== undefined)),
    rangeOf,
    numberOf: (flag) => (/^\d{1,9}$/.test(String(flags[flag] ?? '')) ? Number(flags[flag]) : undefined),
    options: allOptions(),
    model: model === undefined || modelIsFile ? undefined : await loadModel(model),
  });
}

function rangeOf(flag: string): NumberRange | undefined {
  const { value } = findOption(flag);
  return value.kind === 'integer' || value.kind === 'decimal' ? value.range : undefined;
}

/** Reads the profile once; the function it gives applies further typed flags on top of the input's, as often as wanted. */
export async function resolverFor(input: ResolveInput): Promise<(more?: Flags) => Config> {
  const profile = await loadProfile(input);
  return (more = {}) => resolveWith(profile, { ...input.flags, ...more });
}

/** Everything an estimate depends on. Asynchronous because a user's own profile file needs its parser loaded. */
export const resolveConfig = async (input: ResolveInput): Promise<Config> => (await resolverFor(input))();
