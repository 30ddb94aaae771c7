/** What a combination consists of: the strategies that it takes, each with its line for the user's own code. */
import type { Config } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { codeLines } from './code-lines.js';
import { differences } from './combinations.js';
import { catalogue } from './index.js';
import { severalGpus } from './strategies/several-gpus.js';

export interface RemedyPart {
  readonly strategy: string;
  readonly cost: string;
  readonly code: readonly CodeLine[];
}

/** Those whose part of the recipe changed. */
export function partsOf(from: Config, to: Config): readonly RemedyPart[] {
  return [...catalogue, severalGpus].flatMap((strategy) => {
    const { id, cost } = strategy;
    if (strategy.aside || !leadsTowards(strategy.changes(from), from, to)) return [];
    return [{ strategy: id, cost, code: codeLines(id, to) }];
  });
}

/** One of the changes leads towards `to`: with it, fewer differences are left. */
function leadsTowards(changes: ReturnType<(typeof catalogue)[number]['changes']>, from: Config, to: Config): boolean {
  const before = differences(from.recipe, to.recipe).length;
  return changes.some(({ recipe, checkpoint }) => {
    const changed = { ...from.recipe, ...recipe, checkpoint: { ...from.recipe.checkpoint, ...checkpoint } };
    return differences(changed, to.recipe).length < before;
  });
}
