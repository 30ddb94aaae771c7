/** Changes put on top of a configuration, and the flags that say the same on a command line. */

import { formatCheckpoint, parseCheckpoint } from '../config/checkpoint.js';
import { checkOffload } from '../config/offload.js';
import { valueText } from '../config/recipe-options.js';
import type { CheckpointPlan, Config, Offload, Recipe } from '../config/types.js';
import { InputError } from '../errors.js';
import { isProposable } from '../models/refusals.js';
import { checkParallel } from '../options/check-parallel.js';
import { checkPlan, lackingParts } from '../options/check-plan.js';
import { sharedOptions } from '../options/definitions/shared.js';
import { trainingOnly } from '../options/inference.js';
import type { Flags } from '../options/typed.js';
import { runtimes } from '../parallel/index.js';
import { runtimeTraits } from '../runtimes/traits.js';
import type { Change } from './types.js';

/** In the order given: a later change replaces an earlier one. */
export function changedRecipe(base: Recipe, changes: readonly Change[]): Recipe {
  let recipe = base;
  for (const change of changes) {
    if (change.recipe || change.checkpoint)
      recipe = { ...recipe, ...change.recipe, checkpoint: { ...recipe.checkpoint, ...change.checkpoint } };
    if (change.offload !== undefined) recipe = { ...recipe, offload: joined(recipe.offload, change.offload) };
  }
  return recipe;
}

/** Nothing where the parts do not go together. */
export function applyChanges(base: Config, changes: readonly Change[]): Config | undefined {
  const recipe = changedRecipe(base.recipe, changes);
  const changed = { ...base, recipe };
  return isProposable(changed, base.recipe) && isLawful(recipe.checkpoint, changed) ? changed : undefined;
}

const joined = (now: Offload, added: 'optimizer' | 'boundary'): Offload =>
  now === 'none' || now === added ? added : 'optimizer+boundary';

export const trains = ({ recipe }: Pick<Config, 'recipe'>): boolean => recipe.mode === 'train';

/** What the command line or the runtime would refuse is no way out. */
export function isLawful(plan: CheckpointPlan, config: Config): boolean {
  const { model, runtime, recipe } = config;
  if (lackingParts(plan, runtime, model).length > 0) return false;
  if (!isProposable({ ...config, recipe: { ...recipe, checkpoint: plan } }, recipe)) return false;
  try {
    parseCheckpoint(formatCheckpoint(plan));
    checkPlan(plan, model, runtime);
    checkOffload({ ...recipe, checkpoint: plan });
    runtimeTraits[runtime].checkOptimizer?.(recipe);
    checkParallel(recipe, model, runtime);
    runtimes[runtime].segment({ ...config, recipe: { ...recipe, checkpoint: plan } });
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/**
 * The flags that turn the command's recipe into `to`: where a typed change brings back a profile's option that the command had dropped, that
 * one is typed too.
 */
export function flagsThatMake(resolve: (more: Flags) => Config, from: Recipe, to: Recipe): Flags {
  const flags = flagsBetween(from, to);
  try {
    return { ...flags, ...flagsBetween(resolve(flags).recipe, to) };
  } catch (error) {
    if (error instanceof InputError) return flags;
    throw error;
  }
}

/** The flags that turn `from`'s recipe into `to`'s; undefined takes back a flag that was typed. */
export function flagsBetween(from: Recipe, to: Recipe): Flags {
  const flags: Record<string, string | boolean | undefined> = {};
  for (const { name, sets, value } of sharedOptions) {
    if (!sets?.startsWith('recipe.')) continue;
    const key = sets.slice('recipe.'.length) as keyof Recipe;
    const [before, after] = [valueText(from, key), valueText(to, key)];
    const isChunks =
      key === 'checkpoint' && (from.checkpoint.edges.kind !== 'none' || to.checkpoint.edges.kind !== 'none');
    if (to.mode === 'inference' && trainingOnly.includes(name) && !isChunks) flags[name] = undefined;
    else if (before !== after) flags[name] = value.kind === 'switch' ? after === 'true' : after;
  }
  return flags;
}
