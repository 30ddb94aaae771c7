/** A user's own model profile: a shipped one as its base, and what differs. */
import type { z } from 'zod';
import { parseCheckpoint } from '../config/checkpoint.js';
import { checkGrid, resolutionGrid } from '../config/grid.js';
import { nearest, shown } from '../config/nearest.js';
import { fileName } from '../config/paths.js';
import { given, type ModelProfile, profileNames, readProfile } from '../config/profiles.js';
import { readStrictJson } from '../config/strict-json.js';
import { InputError } from '../errors.js';
import { codeBaseOf, kindOfRowsIn, layoutOf, processorsOf } from '../models/index.js';
import { atLevels } from './model.js';
import { parseOption } from './option-values.js';
import { modelFileSchema } from './profile-schema.js';

type ModelFile = z.infer<typeof modelFileSchema>;

/** The keys that the schema knows where it refused one. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const { shape } = modelFileSchema;
  if (path.length === 0) return Object.keys(shape);
  if (path[0] === 'recipe') return Object.keys(shape.recipe.unwrap().shape);
  return path.length === 1 ? Object.keys(shape.model.unwrap().shape) : ['latitudes', 'longitudes', 'kind'];
}

function refuse(file: string, issue: z.core.$ZodIssue): InputError {
  const where = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const name = [...where, shown(key)].join('.');
    return new InputError('unknown-key', `${shown(file)}: there is no key ${name}.`, [
      `Nearest: ${nearest(key, keysAt(issue.path)).join(', ')}`,
    ]);
  }
  const key = where.join('.');
  if (key === 'base') {
    return new InputError(
      'missing-base',
      `${shown(file)}: base must name the shipped model that the file starts from.`,
      ['"base": "graphcast-small"', `One of ${profileNames('models').join(', ')}.`],
    );
  }
  const reason = issue.code === 'invalid_type' ? `must be a JSON ${issue.expected}` : issue.message;
  return new InputError('invalid-profile', `${shown(file)}: ${key || 'the file'}: ${reason}.`, [
    `Correct ${key || 'it'}, or leave it out to keep the base's.`,
  ]);
}

function mergeModel(base: ModelProfile, file: ModelFile, path: string): ModelProfile['model'] {
  const { resolutionDeg, ...typed } = given(file.model ?? {});
  const atOneDegree = file.gridAtOneDegree ?? base.gridAtOneDegree;
  if (resolutionDeg !== undefined && typed.grid) {
    throw new InputError('conflicting-options', `${path}: model.grid and model.resolutionDeg both say the grid.`, [
      'Keep one of them.',
    ]);
  }
  const layout = typed.layout ?? base.model.layout;
  const grid =
    resolutionDeg === undefined
      ? {}
      : { grid: resolutionGrid(resolutionDeg, kindOfRowsIn(layout), atOneDegree, `${path}: model.resolutionDeg`) };
  const levels = typed.pressureLevels === undefined ? {} : atLevels(base.model, typed.pressureLevels);
  return { ...base.model, ...levels, ...typed, ...grid };
}

/** What a file could say that no flag can, and no runtime could price. */
function checkProfile(profile: ModelProfile, path: string): void {
  const { layout, grid, processor } = profile.model;
  checkGrid(grid, `${path}: model.grid`, '"grid": { "latitudes": 721, "longitudes": 1440, "kind": "poles" }');
  const processors = processorsOf(layout);
  if (!processors.includes(processor)) {
    throw new InputError(
      'not-in-model',
      `${path}: model.processor: ${layoutOf(layout).label} runs ${processors.join(', ')} layers only.`,
      processors.map((each) => `"processor": "${each}"`),
    );
  }
  checkOwn(profile, path);
  try {
    parseCheckpoint(profile.recipe.checkpoint ?? 'none');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.code, `${path}: recipe.checkpoint: ${error.message}`, error.nextSteps);
  }
}

function checkOwn({ model: { layout, own = {} } }: ModelProfile, path: string): void {
  const options = codeBaseOf(layout).options ?? [];
  for (const [key, value] of Object.entries(own)) {
    const option = options.find((each) => each.key === key);
    if (option === undefined)
      throw new InputError('unknown-key', `${path}: there is no key model.own.${shown(key)}.`, [
        `Known: ${options.map((each) => each.key).join(', ') || `none, ${layoutOf(layout).label} has no such options`}.`,
      ]);
    parseOption({ ...option, syntax: '' }, typeof value === 'boolean' ? value : String(value));
  }
}

export function readModelFile(file: string): ModelProfile {
  const parsed = modelFileSchema.safeParse(readStrictJson(file));
  if (!parsed.success) {
    // A misspelt key explains the missing one beside it.
    const { issues } = parsed.error;
    throw refuse(file, issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!);
  }
  const { base: baseName, model: _model, recipe, ...rest } = parsed.data;
  const base = readProfile<ModelProfile>('models', baseName);
  const path = shown(file);
  const profile: ModelProfile = {
    ...base,
    name: fileName(file, '.json'),
    sources: [`${path}, on top of ${base.name}`],
    ...given(rest),
    model: mergeModel(base, parsed.data, path),
    recipe: { ...base.recipe, ...given(recipe ?? {}) },
  };
  checkProfile(profile, path);
  return profile;
}
