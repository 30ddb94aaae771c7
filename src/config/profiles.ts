/**
 * Finding and reading profiles. Shipped files are trusted data, checked against the schema by a test; only a user's own file is parsed
 * strictly, and the parser (zod) is loaded only then, because the start of a process is what a person waits for.
 */
import { InputError } from '../errors.js';
import { shippedNames, shippedProfile } from './assets.js';
import type { GridAtOneDegree } from './grid.js';
import { nearest, shown } from './nearest.js';
import type { Device, Model, Recipe, RuntimeName } from './types.js';

/** Recipe options as a file holds them: the checkpoint plan as it is typed. */
export type RecipeOptions = Partial<Omit<Recipe, 'checkpoint'>> & { readonly checkpoint?: string };

export interface ModelProfile {
  readonly name: string;
  /** What else it is called. */
  readonly aliases?: readonly string[];
  readonly description: string;
  readonly runtime: RuntimeName;
  readonly gridAtOneDegree: GridAtOneDegree;
  readonly model: Omit<Model, 'name'>;
  readonly recipe: RecipeOptions;
  readonly sources: readonly string[];
  /** Of an imported configuration: what the numbers do not follow. */
  readonly notes?: readonly string[];
  /** Of an imported configuration: what of the recipe the file itself says. It counts as typed. */
  readonly said?: readonly (keyof RecipeOptions)[];
}

export interface RecipeProfile {
  readonly name: string;
  readonly description: string;
  readonly recipe: RecipeOptions;
  readonly sources: readonly string[];
}

/** On-demand list prices of one card, each with who asks it and when it was read. */
export interface PriceList {
  readonly name: string;
  readonly description: string;
  readonly currency: string;
  readonly prices: readonly {
    readonly gpu: string;
    readonly perHour: number;
    readonly provider: string;
    readonly read: string;
  }[];
  readonly sources: readonly string[];
}

export interface DeviceProfile extends Device {
  readonly description: string;
}

export const profileKinds = ['models', 'recipes', 'gpus', 'spaces'] as const;
/** `truth`: what other tools counted, for `gc-plan validate`; `prices`: what cards cost an hour. */
export type ProfileKind = (typeof profileKinds)[number] | 'truth' | 'prices';

const singular: Readonly<Record<ProfileKind, string>> = {
  models: 'model',
  recipes: 'recipe',
  gpus: 'GPU',
  spaces: 'space',
  truth: 'ground truth',
  prices: 'price list',
};

export const profileNames = (kind: ProfileKind): readonly string[] => shippedNames(kind);

const cache = new Map<string, unknown>();

/** Reads just the one file. `Profile` is what the schema test proves of every file of that kind. */
export function readProfile<Profile>(kind: ProfileKind, name: string): Profile {
  const key = `${kind}/${name}`;
  const cached = cache.get(key);
  if (cached) return cached as Profile;
  // Only our own naming scheme reaches the file system.
  const text = /^[a-z0-9][a-z0-9-]{0,63}$/.test(name) ? shippedProfile(kind, name) : undefined;
  if (text === undefined) {
    // Few names are all shown; of many, one that shares less than half its letters is another thing's.
    const names = profileNames(kind);
    const near = nearest(name, names, 3, names.length > 3 ? Math.floor(name.length / 2) : undefined);
    throw new InputError(
      `unknown-${singular[kind].toLowerCase()}`,
      `${shown(name)}: there is no such ${singular[kind]}.`,
      [...(near.length === 0 ? [] : [`Nearest: ${near.join(', ')}`]), 'gc-plan profiles lists all of them.'],
    );
  }
  const profile = JSON.parse(text) as Profile;
  cache.set(key, profile);
  return profile;
}

export const isProfileFile = (modelName: string): boolean => modelName.includes('/') || modelName.endsWith('.json');

export const loadRecipe = (name: string): RecipeProfile => readProfile<RecipeProfile>('recipes', name);

export function loadDevice(name: string): DeviceProfile {
  return readProfile<DeviceProfile>('gpus', name);
}

/** Without the keys that hold undefined. */
export type Given<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

export const given = <Value extends object>(value: Value): Given<Value> =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Given<Value>;
