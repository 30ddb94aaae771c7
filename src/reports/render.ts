/** One versioned report value, many renderers: report name → format → function, loaded when it is asked for. */
import { orList } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { AnyAdvice } from './advise/schema.js';
import type { Capture } from './capture/schema.js';
import type { Cards } from './cards/schema.js';
import type { Check } from './check/schema.js';
import type { Comparison } from './compare/schema.js';
import type { Completion } from './completion/schema.js';
import type { Doctor } from './doctor/schema.js';
import type { AnyEstimate } from './estimate/schema.js';
import type { Explanation } from './explain/schema.js';
import { type Format, formats, type Renderer, renderJson } from './formats.js';
import type { Grown } from './grow/schema.js';
import type { Init } from './init/schema.js';
import type { Ladder } from './ladder/schema.js';
import type { Measured } from './measured/schema.js';
import type { Opened } from './open/schema.js';
import type { Profiles } from './profiles/schema.js';
import type { Solution } from './solve/schema.js';
import type { Sweep } from './sweep/schema.js';
import type { Validation } from './validate/schema.js';
import type { Verification } from './verify/schema.js';
import type { PlanVerification } from './verify-plan/schema.js';

export interface Reports {
  readonly 'gc-plan/advise@1': AnyAdvice;
  readonly 'gc-plan/cards@1': Cards;
  readonly 'gc-plan/capture@1': Capture;
  readonly 'gc-plan/check@1': Check;
  readonly 'gc-plan/compare@1': Comparison;
  readonly 'gc-plan/completion@1': Completion;
  readonly 'gc-plan/estimate@1': AnyEstimate;
  readonly 'gc-plan/explain@1': Explanation;
  readonly 'gc-plan/grow@1': Grown;
  readonly 'gc-plan/init@1': Init;
  readonly 'gc-plan/open@1': Opened;
  readonly 'gc-plan/profiles@1': Profiles;
  readonly 'gc-plan/validate@1': Validation;
  readonly 'gc-plan/verify@1': Verification;
  readonly 'gc-plan/verify-plan@1': PlanVerification;
  readonly 'gc-plan/ladder@1': Ladder;
  readonly 'gc-plan/measured@1': Measured;
  readonly 'gc-plan/doctor@1': Doctor;
  readonly 'gc-plan/solve@1': Solution;
  readonly 'gc-plan/sweep@1': Sweep;
}
export type ReportName = keyof Reports;

type Renderers = {
  readonly [Name in ReportName]: { readonly [F in Format]?: () => Promise<Renderer<Reports[Name]>> };
};

const json = async () => renderJson;

const renderers: Renderers = {
  'gc-plan/advise@1': {
    table: async () => (await import('./advise/table.js')).renderAdvice,
    json,
    html: async () => (await import('./advise/html.js')).renderAdvicePage,
  },
  'gc-plan/estimate@1': {
    table: async () => (await import('./estimate/table.js')).renderEstimate,
    json,
    github: async () => (await import('./estimate/github.js')).renderEstimate,
    html: async () => (await import('./estimate/html.js')).renderEstimatePage,
  },
  'gc-plan/explain@1': {
    table: async () => (await import('./explain/table.js')).renderExplanation,
    json,
    svg: async () => (await import('./explain/svg.js')).loadTimelineSvg(),
    html: async () => (await import('./explain/html.js')).loadExplanationPage(),
  },
  'gc-plan/compare@1': {
    table: async () => (await import('./compare/table.js')).renderComparison,
    json,
    github: async () => (await import('./compare/github.js')).renderComparison,
    html: async () => (await import('./compare/html.js')).renderComparisonPage,
  },
  'gc-plan/cards@1': {
    table: async () => (await import('./cards/table.js')).renderCards,
    json,
    html: async () => (await import('./cards/html.js')).renderCardsPage,
  },
  'gc-plan/solve@1': {
    table: async () => (await import('./solve/table.js')).renderSolution,
    json,
    html: async () => (await import('./solve/html.js')).renderSolutionPage,
  },
  'gc-plan/sweep@1': {
    table: async () => (await import('./sweep/table.js')).renderSweep,
    json,
    html: async () => (await import('./sweep/html.js')).loadSweepPage(),
  },
  'gc-plan/verify@1': {
    table: async () => (await import('./verify/table.js')).renderVerification,
    json,
    html: async () => (await import('./verify/html.js')).renderVerificationPage,
  },
  'gc-plan/verify-plan@1': {
    table: async () => (await import('./verify-plan/table.js')).renderPlanVerification,
    json,
    html: async () => (await import('./verify-plan/html.js')).loadPlanVerificationPage(),
  },
  'gc-plan/ladder@1': {
    table: async () => (await import('./ladder/table.js')).renderLadder,
    json,
    html: async () => (await import('./ladder/html.js')).loadLadderPage(),
    svg: async () => (await import('./ladder/svg.js')).loadLadderSvg(),
  },
  'gc-plan/measured@1': {
    table: async () => (await import('./measured/table.js')).renderMeasured,
    json,
    html: async () => (await import('./measured/html.js')).renderMeasuredPage,
  },
  'gc-plan/doctor@1': { table: async () => (await import('./doctor/table.js')).renderDoctor, json },
  'gc-plan/capture@1': {
    table: async () => (await import('./capture/table.js')).renderCapture,
    json,
    html: async () => (await import('./capture/html.js')).renderCapturePage,
  },
  'gc-plan/check@1': {
    table: async () => (await import('./check/table.js')).renderCheck,
    json,
    github: async () => (await import('./check/github.js')).renderCheck,
    html: async () => (await import('./check/html.js')).renderCheckPage,
    junit: async () => (await import('./check/junit.js')).renderCheck,
  },
  'gc-plan/validate@1': {
    table: async () => (await import('./validate/table.js')).renderValidation,
    json,
    html: async () => (await import('./validate/html.js')).renderValidationPage,
  },
  'gc-plan/completion@1': {
    table:
      async () =>
      ({ script }) =>
        script,
    json,
  },
  'gc-plan/grow@1': {
    table: async () => (await import('./grow/table.js')).renderGrown,
    json,
    html: async () => (await import('./grow/html.js')).renderGrownPage,
  },
  'gc-plan/open@1': { table: async () => (await import('./open/table.js')).renderOpened, json },
  'gc-plan/init@1': { table: async () => (await import('./init/table.js')).renderInit, json },
  'gc-plan/profiles@1': {
    table: async () => (await import('./profiles/table.js')).renderProfiles,
    json,
    html: async () => (await import('./profiles/html.js')).renderProfilesPage,
  },
};

/** @throws InputError where this report has no such format. */
export async function rendererFor<Name extends ReportName>(
  name: Name,
  format: Format,
): Promise<Renderer<Reports[Name]>> {
  const load = renderers[name][format];
  if (load === undefined) {
    const available = formats.filter((candidate) => renderers[name][candidate] !== undefined);
    throw new InputError('unavailable-format', `--format ${format}: ${name} is not written in this format.`, [
      `use ${orList(available)}`,
    ]);
  }
  return load();
}
