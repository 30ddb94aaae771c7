/**
 * What the code bases themselves cannot run, asked in one place by `estimate`, every search and every advice. Each states its own
 * refusals in its folder; they hold in the runtime that it is written for. A model under another runtime's rules is hypothetical anyway.
 */
import type { Config, Model, Recipe, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf, layoutOf } from './index.js';

export interface Refusal {
  /**
   * `raises`: an input error where the user said all of it. `needsChange`: it raises too, but an older release or a change of a few lines
   * runs it, so that it is priced where it is typed, with `reason` among the assumptions. Neither is ever proposed.
   */
  readonly kind: 'raises' | 'needsChange';
  readonly applies: (recipe: Recipe, model: Model) => boolean;
  /** The options that meet in it, each with a value that runs, in the order in which a profile's give way. */
  readonly instead: (recipe: Recipe) => Readonly<Partial<Recipe>>;
  /** A sentence without a full stop. */
  readonly reason: string;
  readonly source: string;
  readonly nextSteps: (recipe: Recipe) => readonly string[];
}

export type Refusable = Pick<Config, 'model' | 'recipe' | 'runtime'>;

const none: readonly Refusal[] = [];

/** In its own runtime. */
export const ownRefusals = ({ layout }: Pick<Model, 'layout'>): readonly Refusal[] =>
  codeBaseOf(layout).refusals ?? none;

export const refusalsOf = (model: Model, runtime: RuntimeName): readonly Refusal[] =>
  runtime === layoutOf(model.layout).home ? ownRefusals(model) : none;

/** What the code base raises at; nothing where it runs. */
export const refusalOf = ({ model, recipe, runtime }: Refusable): Refusal | undefined =>
  refusalsOf(model, runtime).find(({ kind, applies }) => kind === 'raises' && applies(recipe, model));

/** What a change of `before` would run into that it does not already: nothing is proposed that first has to be made to run. */
export const isProposable = ({ model, recipe, runtime }: Refusable, before?: Recipe): boolean =>
  refusalsOf(model, runtime).every(
    ({ applies }) => !applies(recipe, model) || (before !== undefined && applies(before, model)),
  );

/** With what has to give way so that a changed recipe runs, `kept` being the change. */
export function madeToRun({ model, recipe, runtime }: Refusable, kept: readonly (keyof Recipe)[]): Recipe {
  let changed = recipe;
  for (const { applies, instead } of refusalsOf(model, runtime)) {
    if (!applies(changed, model)) continue;
    const [option, value] = Object.entries(instead(changed)).find(([key]) => !kept.includes(key as keyof Recipe)) ?? [];
    if (option !== undefined) changed = { ...changed, [option]: value };
  }
  return changed;
}

/** A combination that the code base raises at, and that the user asked for. */
export class CannotRun extends InputError {
  constructor(
    readonly refusal: Refusal,
    /** As typed, or as the imported file has it. */
    what: string,
    recipe: Recipe,
  ) {
    super('cannot-run', `${what}: ${refusal.reason} (${refusal.source}).`, refusal.nextSteps(recipe));
  }
}
