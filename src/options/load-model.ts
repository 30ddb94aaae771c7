import { extension } from '../config/paths.js';
import { isProfileFile, type ModelProfile, profileNames, readProfile } from '../config/profiles.js';
import { fileExists, readStrictJson, readText } from '../config/strict-json.js';
import { InputError } from '../errors.js';
import { otherModel } from './other-models.js';

/** A shipped profile by name, or a user's file by path (MODEL with a slash or ending in .json). */
export async function loadModel(nameOrPath: string): Promise<ModelProfile> {
  if (!isProfileFile(nameOrPath)) return shippedModel(nameOrPath);
  const { readModelFile } = await import('./profile-file.js');
  return readModelFile(nameOrPath);
}

/** By its name, or by what else it is called; as its code or its paper writes it too: WeatherNextCyclones_Mini, weathernext1_graph, GraphCast. */
function shippedModel(typed: string): ModelProfile {
  const names = profileNames('models');
  const name = typed.toLowerCase().replaceAll('_', '-');
  if (names.includes(name)) return readProfile<ModelProfile>('models', name);
  const called = names
    .map((each) => readProfile<ModelProfile>('models', each))
    .find(({ aliases }) => aliases?.includes(name));
  if (called !== undefined) return called;
  const other = otherModel(typed);
  if (other === undefined) return readProfile<ModelProfile>('models', typed);
  throw new InputError('model-not-covered', other.sentence, [
    other.capture,
    'gc-plan profiles lists the models that are covered.',
  ]);
}

const configurationFiles: readonly string[] = ['.yaml', '.yml', '.npz', '.sh', '.txt', '.py', '.ipynb'];

/**
 * Whether MODEL is a configuration of another code base, which is then imported: by its ending, or a JSON file none of whose keys a profile
 * has.
 */
export async function isConfigurationFile(nameOrPath: string): Promise<boolean> {
  if (!fileExists(nameOrPath)) return false;
  const ending = extension(nameOrPath).toLowerCase();
  if (configurationFiles.includes(ending)) return true;
  if (ending !== '.json' || !isJson(readText(nameOrPath))) return false;
  const { modelFileSchema } = await import('./profile-schema.js');
  const profileKeys = Object.keys(modelFileSchema.shape);
  const keys = Object.keys(Object(readStrictJson(nameOrPath)));
  return keys.length > 0 && !keys.some((key) => profileKeys.includes(key));
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
