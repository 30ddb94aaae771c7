/** How accurate estimates of a configuration's code base have been in its mode: what ships, and what the user's own ledger adds. */
import { beyond, type Evidence, evidenceFor } from '../accuracy/evidence.js';
import { type ErrorBar, type Figures, figuresOf } from '../accuracy/figures.js';
import { type About, errorBarFrom, larger, ownErrors } from '../accuracy/ledger.js';
import { perRuntime } from '../config/choices.js';
import type { Config, Mode, ModelLayout } from '../config/types.js';
import { codeBaseOf } from '../models/index.js';
import type { Estimate } from '../reports/estimate/schema.js';
import { gemmKind } from '../runtimes/xla/gemm.js';
import type { ErrorBars } from '../search/evaluate.js';
import { defaultLedgerFile, readRecentEntries } from '../verify/ledger.js';

type Subject = Pick<Config, 'runtime' | 'model' | 'recipe' | 'device'>;

const aboutOf = ({ runtime, model, recipe }: Subject): About => ({ runtime, layout: model.layout, mode: recipe.mode });

const errorsOf = (about: About): readonly number[] => ownErrors(readRecentEntries(defaultLedgerFile()), about);

export const errorBar = (subject: Subject): ErrorBar => errorBarFrom(errorsOf(aboutOf(subject)));

/** One for each runtime that a search may try. */
export const errorBars = (layout: ModelLayout, mode: Mode): ErrorBars =>
  perRuntime((runtime) => errorBarFrom(errorsOf({ runtime, layout, mode })));

/** What is known of estimates of this code base in this mode, and in JAX with these products. */
export function reportedAccuracy(config: Subject): Estimate['accuracy'] {
  const { runtime, model, recipe } = config;
  const about = { runtime, codeBase: codeBaseOf(model.layout).name, mode: recipe.mode };
  const evidence = evidenceFor(config, gemmKind(config));
  const errors = errorsOf(aboutOf(config));
  const own = errors.length > 0 ? figuresOf(errors) : undefined;
  const figures = evidence && own ? larger(evidence.live, own) : (evidence?.live ?? own);
  if (figures === undefined) return { ...about, checked: false, cases: 0, source: 'nothing that ships' };
  const sources = [
    ...(evidence ? [evidence.source] : []),
    ...(own ? [`${errors.length} of your own verifications`] : []),
  ];
  return {
    ...about,
    checked: true,
    cases: (evidence?.cases ?? 0) + errors.length,
    ...figures,
    ...(evidence && decidingFigures(evidence, config)),
    ...(evidence && withoutRecord(config, evidence)),
    source: sources.join('; and '),
  };
}

/** Of the number that decides: what the allocator reserves, or the range. */
function decidingFigures(
  { cases, reserved, insideRange, xlaGemm }: Evidence,
  config: Subject,
): Pick<Estimate['accuracy'], 'reserved' | 'range'> {
  const { allocator } = config.recipe;
  return {
    ...(reserved && { reserved: { allocator, ...(reserved[allocator] satisfies Figures) } }),
    ...(insideRange !== undefined && {
      range: { xlaGemm: xlaGemm ?? gemmKind(config), cases, inside: insideRange },
    }),
  };
}

function withoutRecord(config: Subject, evidence: Evidence): Pick<Estimate['accuracy'], 'beyond'> {
  const traits = beyond(config, evidence, gemmKind(config));
  return traits.length > 0 ? { beyond: traits } : {};
}
