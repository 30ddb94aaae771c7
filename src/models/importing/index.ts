/** `--import FILE`: the configuration of one of the known code bases as a model profile. Nothing that decides which model it is is guessed. */
import { parseCheckpoint } from '../../config/checkpoint.js';
import { checkGrid, gridName } from '../../config/grid.js';
import { shown } from '../../config/nearest.js';
import { extension, fileName } from '../../config/paths.js';
import { type ModelProfile, type RecipeOptions, readProfile } from '../../config/profiles.js';
import { readText } from '../../config/strict-json.js';
import { InputError } from '../../errors.js';
import type { ProcessorTraits } from '../code-base.js';
import { codeBases, processorTraits } from '../index.js';
import { argumentSettings, isCommandLine } from './arguments.js';
import { Settings, type TypedFlags } from './settings.js';
import { type Essential, essentials, type Imported, type Importer } from './types.js';

async function knownImporters(): Promise<readonly Importer[]> {
  return (await Promise.all(codeBases().map(async ({ imports }) => imports?.load() ?? []))).flat();
}

/** Any of them says the essential. */
const flagsOf: Readonly<Record<Essential, readonly string[]>> = {
  layers: ['layers'],
  hiddenDim: ['hidden-dim'],
  mesh: ['mesh-level', 'mesh', 'mesh-nodes'],
  grid: ['grid', 'resolution', 'grid-nodes'],
  inputChannels: ['input-channels', 'levels'],
  outputChannels: ['output-channels', 'levels'],
};

/** An option of the command line, and the key of the configuration that it sets: `hidden-dim`, `model.hiddenDim`. */
export interface SettingOption {
  readonly name: string;
  readonly sets?: string;
}

export interface Beside extends TypedFlags {
  readonly options: readonly SettingOption[];
  /** A MODEL beside `--import`: it supplies what the file leaves open. */
  readonly model?: ModelProfile | undefined;
}

/** A code base's own, for files that are no text. */
export const readerOf = (file: string) =>
  codeBases()
    .map(({ imports }) => imports?.readers?.[extension(file)])
    .find((reader) => reader !== undefined);

async function settingsOf(file: string, flags: TypedFlags): Promise<Settings> {
  const ending = extension(file);
  const reader = readerOf(file);
  if (reader !== undefined) return reader(file, flags);
  const text = readText(file);
  if (/\.(py|ipynb)$/.test(ending))
    throw new InputError(
      'not-a-configuration',
      `${shown(file)}: a Python program is not read: give the configuration that it builds the model from.`,
      [
        'The YAML or JSON file that it loads, or the command line that starts it as a text file.',
        'gc-plan estimate anemoi-gnn --hidden-dim 256 --layers 8   (or MODEL and flags)',
      ],
    );
  if (isCommandLine(text)) return argumentSettings(file, text, flags);
  const { parseTree, flattened } = await import('./tree.js');
  const tree = parseTree(file, text);
  const syntax = ending === '.json' || text.trimStart().startsWith('{') ? 'json' : 'yaml';
  if (!tree.has('defaults')) return new Settings(file, flattened(tree), syntax, flags);
  const groups = codeBases().find(({ imports }) => imports?.hydra)!.imports!.hydra!;
  const [{ compose }, { shippedGroup, compositionSettings }] = await Promise.all([import('./hydra.js'), groups()]);
  return new Settings(file, compositionSettings(compose(file, tree, text, shippedGroup)), syntax, flags);
}

export async function importProfile(file: string, beside: Beside): Promise<ModelProfile> {
  const { model: named } = beside;
  const settings = await settingsOf(file, beside);
  const importers = await knownImporters();
  const importer = importers.find(({ recognizes }) => recognizes(settings));
  if (importer === undefined && settings.keys.some((key) => key.startsWith('configurations.')))
    throw new InputError('unknown-import', `${shown(file)}: this is a plan of gc-plan, with several configurations.`, [
      `gc-plan check ${shown(file)}`,
    ]);
  if (importer === undefined)
    throw new InputError(
      'unknown-import',
      `${shown(file)}: none of the known code bases writes such keys: ${shown(settings.keys.slice(0, 5).join(', '))}.`,
      [
        `Known: ${importers.map(({ label }) => label).join(', ')}.`,
        'A file that overrides single keys needs at least the widths and depths of the model.',
      ],
    );
  const imported = importer.read(settings);
  checkSameNetwork(file, importer, imported, named);
  checkEssentials(settings, imported, beside);
  const base = named ?? readProfile<ModelProfile>('models', imported.base!);
  const profile: ModelProfile = {
    ...base,
    name: fileName(file, extension(file)),
    description: `imported from ${importer.label}`,
    model: { ...withoutOtherMesh(base.model, imported.model), ...imported.model },
    recipe: { ...base.recipe, ...imported.recipe },
    sources: [shown(file)],
    said: Object.keys(imported.recipe) as (keyof RecipeOptions)[],
    notes: [
      `${shown(file)} is read as ${importer.label}'s configuration.`,
      ...imported.notes,
      ...standInNotes(settings),
      ...leftOpen(imported, base, beside),
      ...settings.open.map(({ ask }) => `A MODEL's value stands in: ${ask.replace(/^.*? {3}/, '')}.`),
      ...unknownNotes(settings.unknown(importer.isHarmless)),
    ],
  };
  checkImported(profile, settings, beside);
  return profile;
}

/** A mesh level that the file says takes the place of the base's mesh of a grid's points. */
function withoutOtherMesh(base: ModelProfile['model'], { meshLevel }: Imported['model']): ModelProfile['model'] {
  if (meshLevel === undefined) return base;
  const { mesh: _, ...rest } = base;
  return rest;
}

/** A MODEL beside the file may supply what it leaves open, never contradict it. */
function checkSameNetwork(file: string, { label, bases }: Importer, { base }: Imported, named?: ModelProfile): void {
  if (named === undefined) return;
  const layouts = (base === undefined ? bases : [base]).map(
    (name) => readProfile<ModelProfile>('models', name).model.layout,
  );
  if (layouts.includes(named.model.layout)) return;
  throw new InputError(
    'conflicting-options',
    `MODEL ${named.name} is another network than ${shown(file)} configures (${label}: ${base ?? bases.join(' or ')}).`,
    [`MODEL ${base ?? bases[0]}`, `Leave ${named.name} out.`],
  );
}

/**
 * @throws InputError with all that is open at once: the network, essentials that the file does not give, values that only the job knows.
 * A MODEL beside the file supplies both, but for what the file gives and is not priced.
 */
function checkEssentials(settings: Settings, imported: Imported, { typed, model: named }: Beside): void {
  const { base, model, asks, otherwise = [] } = imported;
  const says: Readonly<Record<Essential, unknown>> = {
    ...model,
    mesh: model.meshLevel ?? model.mesh ?? model.counts,
  } as never;
  const missing = essentials.filter(
    (each) =>
      says[each] === undefined &&
      !flagsOf[each].some((flag) => typed.has(flag)) &&
      (named === undefined || otherwise.includes(each)),
  );
  const open = named === undefined ? settings.open : [];
  if ((base ?? named) !== undefined && missing.length === 0 && open.length === 0) return;
  const openIn = (flags: readonly string[]) => open.find(({ flag }) => flags.includes(flag));
  const inEssentials = missing.flatMap((each) => openIn(flagsOf[each]) ?? []);
  const asked = [
    ...((base ?? named) === undefined
      ? ['which network it is: MODEL before --import (gc-plan profiles lists them)']
      : []),
    ...new Set(missing.map((each) => openIn(flagsOf[each])?.ask ?? asks[each])),
    ...open.filter((each) => !inEssentials.includes(each)).map(({ ask }) => ask),
  ];
  const network = base === undefined ? [] : [`The network is ${base}.`];
  const known = [...network, ...imported.notes, ...standInNotes(settings)].map((note) => `\n  ${note}`);
  const what =
    (base ?? named) === undefined || missing.length > 0
      ? 'it does not say all that decides which model this is'
      : 'it holds values that only the job knows';
  throw new InputError(
    'missing-essentials',
    `${shown(settings.file)}: ${what}.${known.length > 0 ? ` Known:${known.join('')}` : ''}`,
    asked,
  );
}

/** What came from groups that are not beside the file. */
const standInNotes = (settings: Settings): readonly string[] =>
  [...settings.standIns()].map(
    ([origin, values]) => `Not beside the file, so ${origin} stands in: ${values.join(', ')}.`,
  );

/** Keys without effect where the processor lacks a trait. */
const ofProcessors: Readonly<Record<string, keyof ProcessorTraits>> = {
  heads: 'hasHeads',
  attentionBackend: 'hasHeads',
  mlpRatio: 'hasMlpRatio',
};

/** Everything else that the file leaves open, with the value that stands in. */
function leftOpen(imported: Imported, base: ModelProfile, { typed, options, model: named }: Beside): readonly string[] {
  const said: Readonly<Record<string, unknown>> = { ...imported.model, ...imported.recipe };
  const stands: Readonly<Record<string, unknown>> = { ...base.model, ...base.recipe };
  const traits = processorTraits({ ...base.model, ...imported.model });
  const values = optionKeys(options).flatMap(({ name, key }) => {
    if (said[key] !== undefined || typed.has(name) || stands[key] === undefined) return [];
    const trait = ofProcessors[key];
    if (trait !== undefined && !traits[trait]) return [];
    return [`${name} ${written(stands[key])}`];
  });
  if (values.length === 0) return [];
  const whose = named ? `MODEL ${base.name}'s stand in` : `${base.name}'s stand in, the code base's own defaults`;
  return [`Not in the file; ${whose}: ${values.join(', ')}.`];
}

const written = (value: unknown): string =>
  typeof value === 'object' && value !== null ? gridName(value as ModelProfile['model']['grid']) : String(value);

const unknownNotes = (keys: readonly string[]): readonly string[] =>
  keys.length === 0
    ? []
    : [
        `Not understood, and not known to leave memory alone: ${keys.slice(0, 20).join(', ')}${keys.length > 20 ? ', …' : ''}.`,
      ];

/** What the keys say together: a number keeps the limits of its flag also where it is made of several keys. */
function checkImported({ model, recipe }: ModelProfile, { file }: Settings, { options, rangeOf, typed }: Beside): void {
  checkGrid(model.grid, `${shown(file)}: the grid`, 'latlon_res: [721, 1440]');
  parseCheckpoint(recipe.checkpoint ?? 'none');
  const says: Readonly<Record<string, unknown>> = { ...model, ...recipe };
  for (const { name, key } of optionKeys(options)) {
    const [value, range] = [says[key], rangeOf(name)];
    if (typeof value !== 'number' || range === undefined || typed.has(name)) continue;
    if (value >= range.minimum && value <= range.maximum) continue;
    throw new InputError(
      'out-of-range',
      `${shown(file)}: it makes ${name} ${value}, which must be from ${range.minimum} to ${range.maximum}.`,
      [`--${name} ${range.example}`],
    );
  }
}

/** Options that set one key of the model or the recipe. */
const optionKeys = (options: readonly SettingOption[]): readonly { readonly name: string; readonly key: string }[] =>
  options.flatMap(({ name, sets }) => {
    const key = /^(?:model|recipe)\.(\w+)$/.exec(sets ?? '')?.[1];
    return key === undefined || name === 'resolution' ? [] : [{ name, key }];
  });
