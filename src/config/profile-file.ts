/** A user's own model profile: a shipped one as its base, and what differs. */
import { basename } from 'node:path';
import type { z } from 'zod';
import { InputError } from '../errors.js';
import { parseCheckpoint } from './checkpoint.js';
import { checkGrid } from './grid.js';
import { nearest, shown } from './nearest.js';
import { modelFileSchema } from './profile-schema.js';
import { type ModelProfile, profileNames, readProfile } from './profiles.js';
import { readStrictJson } from './strict-json.js';

type ModelFile = z.infer<typeof modelFileSchema>;

/** The keys that the schema knows beside the one it refused. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const shape = modelFileSchema.shape;
  if (path.length === 0) return Object.keys(shape);
  if (path[0] === 'model')
    return path.length === 1 ? Object.keys(shape.model.unwrap().shape) : ['latitudes', 'longitudes', 'kind'];
  return path[0] === 'recipe' ? Object.keys(shape.recipe.unwrap().shape) : [];
}

function refuse(file: string, issue: z.core.$ZodIssue): InputError {
  const where = [...issue.path, ...(issue.code === 'unrecognized_keys' ? [issue.keys[0]!] : [])]
    .map((key) => shown(String(key)))
    .join('.');
  if (issue.code === 'unrecognized_keys') {
    const near = nearest(issue.keys[0]!, keysAt(issue.path));
    return new InputError('unknown-key', `${shown(file)}: there is no key ${where}.`, [`Nearest: ${near.join(', ')}`]);
  }
  if (where === 'base')
    return new InputError('missing-base', `${shown(file)}: base must name the shipped model it starts from.`, [
      `"base": "graphcast-small"`,
      `One of ${profileNames('models').join(', ')}.`,
    ]);
  return new InputError('invalid-profile', `${shown(file)}: ${where || 'the file'}: ${issue.message}.`, [
    `Correct ${where || 'it'}; gc-plan profiles shows the keys of shipped ones.`,
  ]);
}

/** Undefined values left out, as `exactOptionalPropertyTypes` wants them. */
const given = <Value extends object>(
  value: Value | undefined,
): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([, entry]) => entry !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };

function merge(base: ModelProfile, file: ModelFile, path: string): ModelProfile {
  return {
    name: file.name ?? basename(path, '.json'),
    description: file.description ?? base.description,
    runtime: file.runtime ?? base.runtime,
    gridAtOneDegree: file.gridAtOneDegree ?? base.gridAtOneDegree,
    model: { ...base.model, ...given(file.model) },
    recipe: { ...base.recipe, ...given(file.recipe) },
    sources: file.sources ?? [`${path}, on top of ${base.name}`],
  };
}

export function readModelFile(path: string): ModelProfile {
  const parsed = modelFileSchema.safeParse(readStrictJson(path));
  if (!parsed.success) throw refuse(path, parsed.error.issues[0]!);
  const file = parsed.data;
  const profile = merge(readProfile<ModelProfile>('models', file.base), file, path);
  checkGrid(profile.model.grid, `${path}: model.grid`);
  if (file.recipe?.checkpoint !== undefined) {
    try {
      parseCheckpoint(file.recipe.checkpoint);
    } catch (error) {
      if (error instanceof InputError)
        throw new InputError(error.code, `${shown(path)}: recipe.checkpoint: ${error.message}`, error.nextSteps);
      throw error;
    }
  }
  return profile;
}
