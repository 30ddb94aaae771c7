/** `--import FILE`: the configuration of one of the known code bases as a model profile. */
import { basename, extname } from 'node:path';
import { parseCheckpoint } from '../../config/checkpoint.js';
import { checkGrid } from '../../config/grid.js';
import { shown } from '../../config/nearest.js';
import { type ModelProfile, readProfile } from '../../config/profiles.js';
import { readText } from '../../config/strict-json.js';
import { InputError } from '../../errors.js';
import { anemoi } from '../anemoi/import.js';
import { deepmind } from '../graphcast/import.js';
import { argumentSettings, neuralLam } from '../neural-lam/import.js';
import { physicsnemo } from '../physicsnemo/import.js';
import type { Settings } from './settings.js';
import type { Importer } from './types.js';

const importers: readonly Importer[] = [deepmind, physicsnemo, neuralLam, anemoi];

async function settingsOf(file: string): Promise<Settings> {
  if (extname(file) === '.npz') return (await import('../graphcast/checkpoint-file.js')).checkpointSettings(file);
  const text = readText(file);
  const isCommandLine = /(^|\s)--[a-z]/m.test(text) && !/^\s*["'{\w.]+\s*:/m.test(text);
  if (isCommandLine) return argumentSettings(file, text);
  return (await import('./yaml.js')).yamlSettings(file, text);
}

export async function importProfile(file: string): Promise<ModelProfile> {
  const settings = await settingsOf(file);
  const importer = importers.find(({ recognizes }) => recognizes(settings));
  if (importer === undefined)
    throw new InputError(
      'unknown-import',
      `${shown(file)}: none of the known code bases writes such keys: ${shown(settings.keys.slice(0, 5).join(', '))}.`,
      [
        `Known: ${importers.map(({ label }) => label).join(', ')}.`,
        'A file that overrides single keys needs at least the widths and depths of the model.',
      ],
    );
  const { base: name, model, recipe, notes } = importer.read(settings);
  const base = readProfile<ModelProfile>('models', name);
  const profile: ModelProfile = {
    ...base,
    name: basename(file, extname(file)),
    description: `imported from ${importer.label}`,
    model: { ...base.model, ...model },
    recipe: { ...base.recipe, ...recipe },
    sources: [shown(file)],
    said: Object.keys(recipe) as (keyof typeof recipe)[],
    notes: [
      `${shown(file)} is read as ${importer.label}'s configuration; what it does not say is ${base.name}'s.`,
      ...notes,
      ...unknownNotes(settings.unknown(importer.harmless)),
    ],
  };
  checkImported(profile, settings);
  return profile;
}

const unknownNotes = (keys: readonly string[]): readonly string[] =>
  keys.length === 0
    ? []
    : [
        `Not understood, and not known to leave memory alone: ${keys.slice(0, 20).join(', ')}${keys.length > 20 ? ', …' : ''}.`,
      ];

/** What the keys say together. */
function checkImported({ model, recipe }: ModelProfile, { file }: Settings): void {
  checkGrid(model.grid, `${shown(file)}: the grid`, 'latlon_res: [721, 1440]');
  parseCheckpoint(recipe.checkpoint ?? 'none');
  for (const [key, value] of Object.entries({
    hiddenDim: model.hiddenDim,
    layers: model.layers,
    inputChannels: model.inputChannels,
  })) {
    if (value < 1)
      throw new InputError('invalid-import', `${shown(file)}: ${key} is ${value}, and must be at least 1.`, [
        `Correct it in ${shown(file)}.`,
      ]);
  }
}
