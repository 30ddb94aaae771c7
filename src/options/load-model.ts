import { isProfileFile, type ModelProfile, readProfile } from '../config/profiles.js';

/** A shipped profile by name, or a user's file by path (MODEL with a slash or ending in .json). */
export async function loadModel(nameOrPath: string): Promise<ModelProfile> {
  if (!isProfileFile(nameOrPath)) return readProfile<ModelProfile>('models', nameOrPath);
  const { readModelFile } = await import('./profile-file.js');
  return readModelFile(nameOrPath);
}
