/** The recipe: profile options that the runtime has, under what the user typed. */

import { noCheckpoint, parseCheckpoint, withoutPart } from '../config/checkpoint.js';
import { runtimeNames } from '../config/choices.js';
import { checkOffload } from '../config/offload.js';
import type { ModelProfile, RecipeOptions } from '../config/profiles.js';
import { defaultRecipe, valueText } from '../config/recipe-options.js';
import type { Model, Recipe, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf, layoutOf } from '../models/index.js';
import { CannotRun, refusalsOf } from '../models/refusals.js';
import { hasOption, labelOf, runtimesWith, runtimeTraits } from '../runtimes/traits.js';
import { checkParallel, checkTypedSchedule, parallelAssumptions } from './check-parallel.js';
import { checkForecastBlocks, checkPlan, checkTypedPlan, lackingParts } from './check-plan.js';
import { recipeDefinitions } from './definitions/recipe.js';
import { forInference } from './inference.js';
import { notInRuntime, type Typed } from './typed.js';

/** A profile's or recipe's values as far as the runtime has them, with a sentence for each that it lacks. */
function fromProfile(
  options: RecipeOptions,
  owner: string,
  runtime: RuntimeName,
  typed: Typed,
  model: Model,
): { readonly recipe: Recipe; readonly dropped: readonly string[] } {
  const { checkpoint, ...rest } = options;
  const label = labelOf(runtime);
  const dropped: string[] = [];
  const recipe: { -readonly [Key in keyof Recipe]: Recipe[Key] } = { ...defaultRecipe, ...rest };
  const drop = (option: string, value: string, instead: string) => {
    if (!typed.has(option)) dropped.push(`${option} ${value} of ${owner} is dropped: ${label} ${instead}.`);
  };
  for (const { name, key } of recipeDefinitions) {
    if (recipe[key] !== defaultRecipe[key] && !hasOption(runtime, key)) {
      drop(name, String(recipe[key]), 'has no such option');
      Object.assign(recipe, { [key]: defaultRecipe[key] });
    }
  }
  for (const key of ['precision', 'optimizer', 'parallel'] as const) {
    const values: readonly string[] = runtimeTraits[runtime][key];
    if (!values.includes(recipe[key])) {
      drop(key, recipe[key], `runs ${values[0]} here`);
      Object.assign(recipe, { [key]: values[0] });
    }
  }
  recipe.checkpoint = checkpoint === undefined ? noCheckpoint : parseCheckpoint(checkpoint);
  for (const part of lackingParts(recipe.checkpoint, runtime, model)) {
    drop('checkpoint', part, "can't recompute that");
    recipe.checkpoint = withoutPart(recipe.checkpoint, part);
  }
  return { recipe, dropped };
}

function typedValues(typed: Typed, runtime: RuntimeName, model: Model): Partial<Recipe> {
  const values: Partial<Recipe> = {};
  for (const { name, key } of recipeDefinitions) {
    const value = typed.get(name);
    if (value === undefined) continue;
    const having = runtimesWith(key);
    if (!having.includes(runtime)) throw notInRuntime(name, String(value), runtime, [], having);
    if (key === 'precision' || key === 'optimizer' || key === 'parallel') {
      const has: readonly string[] = runtimeTraits[runtime][key];
      const hasValue = (other: RuntimeName) => (runtimeTraits[other][key] as readonly string[]).includes(String(value));
      if (!hasValue(runtime)) throw notInRuntime(name, String(value), runtime, has, runtimeNames.filter(hasValue));
    }
    if (key === 'checkpoint') {
      const checkpoint = parseCheckpoint(String(value));
      checkTypedPlan(checkpoint, runtime, model);
      Object.assign(values, { checkpoint });
    } else Object.assign(values, { [key]: value });
  }
  return values;
}

function checkGpus(recipe: Recipe, typed: Typed): Recipe {
  if (recipe.gpus === 1 || recipe.parallel !== 'none') return recipe;
  if (typed.has('parallel')) {
    throw new InputError(
      'conflicting-options',
      `--gpus ${recipe.gpus} with --parallel none: say how the cards share the work.`,
      ['--parallel data', '--parallel zero2', '--gpus 1'],
    );
  }
  return { ...recipe, parallel: 'data' };
}

/** Layers of all rollout steps together. */
const mostLayersRun = 24 * 1024;

/** A backward pass lets go array by array, and is searched for a plan: minutes from a hundred steps on; a forecast of 500 has up to two million events. */
function checkRollout({ rolloutSteps, mode }: Recipe, { layers }: Model, runtime: RuntimeName): void {
  if (!runtimeTraits[runtime].replaysEveryRolloutStep) return;
  const most = Math.min(mode === 'train' ? 100 : 500, Math.floor(mostLayersRun / layers));
  if (rolloutSteps <= most) return;
  const steps = `--rollout ${rolloutSteps} with ${layers} layers`;
  throw new InputError(
    'rollout-too-long',
    `${steps}: ${labelOf(runtime)}'s allocator is shown every array of every step, which takes minutes beyond ${most} steps.`,
    [`--rollout ${most}`, 'Each further step adds what the last one added: two rollouts give the slope.'],
  );
}

function recipeAssumptions(recipe: Recipe, model: Model): readonly string[] {
  const notes: string[] = [];
  const { label, rebuildsInput = false } = layoutOf(model.layout);
  if (recipe.gpus === 1 && recipe.parallel !== 'none')
    notes.push(`--parallel ${recipe.parallel} has no effect on one card: --gpus N says how many share the work.`);
  notes.push(...(codeBaseOf(model.layout).recipeNotes?.(recipe, model) ?? []));
  if (recipe.rolloutSteps > 1 && !rebuildsInput && model.inputChannels !== model.outputChannels) {
    notes.push(
      `A rollout with ${model.outputChannels} channels out and ${model.inputChannels} in: the next input is rebuilt from forcings outside the model; nobody runs ${label} so.`,
    );
  }
  if (recipe.offload !== 'none')
    notes.push(
      'What is offloaded waits in the host’s memory: neither its bytes there nor the time of moving it are counted.',
    );
  return notes;
}

const optionName = (key: keyof Recipe): string => recipeDefinitions.find((option) => option.key === key)!.name;

/** As on the command line, or as the file has it. */
function written(key: keyof Recipe, recipe: Recipe, typed: Typed, owner: string): string {
  const name = optionName(key);
  const value = recipe[key];
  const text = typeof value === 'boolean' ? `--${value ? '' : 'no-'}${name}` : `--${name} ${valueText(recipe, key)}`;
  return typed.has(name) ? text : `${text} of ${owner}`;
}

/**
 * What the code base cannot run: a profile's option gives way to what was typed or imported and is listed; where all of it was, it is
 * refused.
 */
function withoutRefused(
  resolved: Recipe,
  { name: owner, said = [] }: Pick<ModelProfile, 'name' | 'said'>,
  typed: Typed,
  runtime: RuntimeName,
  model: Model,
): { readonly recipe: Recipe; readonly notes: readonly string[] } {
  let recipe = resolved;
  const notes: string[] = [];
  const isSaid = (key: keyof Recipe) =>
    said.includes(key) || recipeDefinitions.some((option) => option.key === key && typed.has(option.name));
  for (const refusal of refusalsOf(model, runtime)) {
    const { kind, applies, instead, reason, source } = refusal;
    if (!applies(recipe, model)) continue;
    const values = instead(recipe);
    const options = Object.keys(values) as (keyof Recipe)[];
    const what = (keys: readonly (keyof Recipe)[]) =>
      keys
        .filter((key) => recipe[key] !== undefined)
        .map((key) => written(key, recipe, typed, owner))
        .join(' with ');
    if (kind === 'needsChange') {
      notes.push(`${what(options)}: ${reason} (${source}).`);
      continue;
    }
    const givesWay = options.find((key) => !isSaid(key));
    if (givesWay === undefined) throw new CannotRun(refusal, what(options), recipe);
    const change =
      recipe[givesWay] === undefined
        ? `--${optionName(givesWay)} ${valueText({ ...recipe, ...values }, givesWay)} stands in, as none is given`
        : `${what([givesWay])} is dropped`;
    notes.push(`${change}: ${reason} (${source}).`);
    recipe = { ...recipe, [givesWay]: values[givesWay] };
  }
  return { recipe, notes };
}

export interface ResolvedRecipe {
  readonly recipe: Recipe;
  readonly assumptions: readonly string[];
}

export function resolveRecipe(
  profile: Pick<ModelProfile, 'name' | 'recipe' | 'said'>,
  typed: Typed,
  runtime: RuntimeName,
  model: Model,
): ResolvedRecipe {
  const { recipe: base, dropped } = fromProfile(profile.recipe, profile.name, runtime, typed, model);
  const merged: Recipe = { ...base, ...typedValues(typed, runtime, model) };
  const asked = checkGpus(merged.mode === 'inference' ? forInference(base, merged, typed, model) : merged, typed);
  const { recipe, notes } = withoutRefused(asked, profile, typed, runtime, model);
  if (recipe.gpus > 1 && !runtimeTraits[runtime].parallel.includes(recipe.parallel)) {
    throw new InputError('not-in-runtime', `--gpus ${recipe.gpus}: ${labelOf(runtime)} trains on one GPU.`, [
      '--gpus 1',
      '--runtime pytorch',
    ]);
  }
  checkRollout(recipe, model, runtime);
  checkPlan(recipe.checkpoint, model, runtime);
  checkForecastBlocks(recipe);
  checkOffload(recipe);
  runtimeTraits[runtime].checkOptimizer?.(recipe);
  checkParallel(recipe, model, runtime);
  checkTypedSchedule(recipe, typed);
  return {
    recipe,
    assumptions: [
      ...dropped,
      ...notes,
      ...recipeAssumptions(recipe, model),
      ...parallelAssumptions(recipe, model, runtime),
    ],
  };
}
