/** What can be typed for the model that is on the page, and what holds where it is not: the page's controls follow from it. */
import { formatCheckpoint } from '../config/checkpoint.js';
import { gridName } from '../config/grid.js';
import type { ModelProfile } from '../config/profiles.js';
import type { CheckpointPlan, Config, Grid } from '../config/types.js';
import { InputError } from '../errors.js';
import type { OptionDefinition } from '../options/definitions/definition.js';
import { allOptions } from '../options/definitions/shared.js';
import { resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { AnyEstimate } from '../reports/estimate/schema.js';

export interface Control {
  /** What holds, as it would be typed; empty where nothing does. */
  readonly value: string;
  /** What holds where it is not typed. */
  readonly otherwise: string;
  /** Of an option that is one of a few words, those that can be typed here. */
  readonly choices?: readonly string[];
}

/** By the name of an option that can be typed here. */
export type Controls = Readonly<Record<string, Control>>;

/** Those that have a control: a file is dropped, and how a report is printed means nothing here. */
export const pageOptions = (): readonly OptionDefinition[] =>
  allOptions().filter(({ group, name }) => group !== 'report' && name !== 'import');

interface Available {
  readonly option: OptionDefinition;
  readonly choices?: readonly string[];
}

/** Of the model that was asked about last: a slider asks about the same one again. */
let lastAvailable: { readonly key: string; readonly options: readonly Available[] } | undefined;

/** `config`: what `flags` make of the profile. */
export function controlsOf(profile: ModelProfile, flags: Flags, config: Config): Controls {
  const { runtime, processor, mode } = flags;
  // What decides which options there are.
  const deciding = { runtime, processor, mode };
  const key = JSON.stringify([profile.model, profile.runtime, deciding]);
  if (lastAvailable?.key !== key) lastAvailable = { key, options: availableOptions(profile, deciding) };
  const untyped = configOf(profile, deciding) ?? config;
  return Object.fromEntries(
    lastAvailable.options.map(({ option, choices }) => [
      option.name,
      { value: valueIn(config, option), otherwise: valueIn(untyped, option), ...(choices && { choices }) },
    ]),
  );
}

/** Nothing where an imported file leaves something open that is typed beside it. */
function configOf(profile: ModelProfile, flags: Flags): Config | undefined {
  try {
    return resolveWith(profile, flags);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Each is tried as it would be typed, so that an option of tomorrow is here without being named. */
function availableOptions(profile: ModelProfile, deciding: Flags): readonly Available[] {
  const isHere = (name: string, value: string | boolean) => isTaken(profile, { ...deciding, [name]: value });
  return pageOptions().flatMap((option): readonly Available[] => {
    const { name, value } = option;
    if (value.kind !== 'choice') return isHere(name, exampleOf(option)) ? [{ option }] : [];
    const choices = value.choices.filter((choice) => isHere(name, choice));
    return choices.length === 0 ? [] : [{ option, choices }];
  });
}

const exampleOf = ({ value }: OptionDefinition): string | boolean => {
  if (value.kind === 'integer' || value.kind === 'decimal') return value.range.example;
  return value.kind === 'text' ? value.example : true;
};

/** Codes of refusals that say of an option, or of a word for it, that it is not there at all. */
const notHere: readonly string[] = ['not-in-model', 'not-in-runtime', 'not-in-processor'];

function isTaken(profile: ModelProfile, flags: Flags): boolean {
  try {
    resolveWith(profile, flags);
    return true;
  } catch (error) {
    if (error instanceof InputError) return !notHere.includes(error.code);
    throw error;
  }
}

function valueIn(config: Config, { name, sets }: OptionDefinition): string {
  const keys = sets?.split('.') ?? [];
  const inside = (value: unknown, key: string) => (value as Readonly<Record<string, unknown>> | undefined)?.[key];
  const value = keys.reduce<unknown>(inside, config);
  // A resolution is shown as the grid that it makes.
  if (value === undefined || value === null || name === 'resolution' || sets === 'reserveBytes') return '';
  if (sets === 'recipe.checkpoint') return formatCheckpoint(value as CheckpointPlan);
  if (sets === 'model.grid' || sets === 'model.mesh') return gridName(value as Grid);
  return typeof value === 'object' ? '' : String(value);
}

/** Beside a trace: the card, and what the trace's runtime leaves open once a step is recorded. */
export function recordedControls({ config: { recipe } }: AnyEstimate): Controls {
  const { mode: _, ...open } = recipe as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    pageOptions().flatMap(({ name, group, sets, value }): readonly (readonly [string, Control])[] => {
      const holds = group === 'recipe' ? open[sets?.split('.')[1] ?? ''] : undefined;
      if (holds === undefined && group !== 'device') return [];
      const text = String(holds ?? '');
      return [[name, { value: text, otherwise: text, ...(value.kind === 'choice' && { choices: value.choices }) }]];
    }),
  );
}
