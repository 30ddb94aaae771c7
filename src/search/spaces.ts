/** Default lists and ranges: a shipped space, or a user's file of the same form. */

import { shown } from '../config/nearest.js';
import { isProfileFile, readProfile } from '../config/profiles.js';
import { InputError } from '../errors.js';

export interface SpaceProfile {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

export async function loadSpace(nameOrPath: string): Promise<SpaceProfile> {
  if (!isProfileFile(nameOrPath)) return readProfile<SpaceProfile>('spaces', nameOrPath);
  const { readStrictJson } = await import('../config/strict-json.js');
  const { spaceProfileSchema } = await import('../options/profile-schema.js');
  const parsed = spaceProfileSchema.partial({ sources: true, description: true }).safeParse(readStrictJson(nameOrPath));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(
    'invalid-space',
    `${shown(nameOrPath)}: ${issue!.path.join('.') || 'the file'}: ${issue!.message}.`,
    ['{"name": "mine", "options": {"hidden-dim": "256,512", "layers": "8,16"}}'],
  );
}
