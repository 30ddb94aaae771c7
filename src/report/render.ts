/** One versioned report value, many renderers: report name → format → function, loaded when it is asked for. */
import { orList } from '../config/nearest.js';
import { InputError } from '../errors.js';
import { type Format, formats, type Renderer } from './formats.js';
import { renderJson } from './json.js';
import type { Advice } from './schemas/advise.js';
import type { Check } from './schemas/check.js';
import type { Completion } from './schemas/completion.js';
import type { Doctor } from './schemas/doctor.js';
import type { Estimate } from './schemas/estimate.js';
import type { Explanation } from './schemas/explain.js';
import type { Init } from './schemas/init.js';
import type { Ladder } from './schemas/ladder.js';
import type { Measured } from './schemas/measured.js';
import type { Profiles } from './schemas/profiles.js';
import type { Solution } from './schemas/solve.js';
import type { Sweep } from './schemas/sweep.js';
import type { Validation } from './schemas/validate.js';
import type { Verification } from './schemas/verify.js';

export interface Reports {
  readonly 'gc-plan/advise@1': Advice;
  readonly 'gc-plan/check@1': Check;
  readonly 'gc-plan/completion@1': Completion;
  readonly 'gc-plan/estimate@1': Estimate;
  readonly 'gc-plan/explain@1': Explanation;
  readonly 'gc-plan/init@1': Init;
  readonly 'gc-plan/profiles@1': Profiles;
  readonly 'gc-plan/validate@1': Validation;
  readonly 'gc-plan/verify@1': Verification;
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
  'gc-plan/advise@1': { table: async () => (await import('./table/advise.js')).renderAdvice, json },
  'gc-plan/estimate@1': {
    table: async () => (await import('./table/estimate.js')).renderEstimate,
    json,
    github: async () => (await import('./github/estimate.js')).renderEstimate,
    html: async () => (await import('./html/estimate.js')).loadEstimatePage(),
  },
  'gc-plan/explain@1': {
    table: async () => (await import('./table/explain.js')).renderExplanation,
    json,
    svg: async () => (await import('./explain/svg.js')).loadTimelineSvg(),
    html: async () => (await import('./html/explain.js')).loadExplanationPage(),
  },
  'gc-plan/solve@1': { table: async () => (await import('./table/solve.js')).renderSolution, json },
  'gc-plan/sweep@1': {
    table: async () => (await import('./table/sweep.js')).renderSweep,
    json,
    html: async () => (await import('./html/sweep.js')).loadSweepPage(),
  },
  'gc-plan/verify@1': {
    table: async () => (await import('./table/verify.js')).renderVerification,
    json,
    html: async () => (await import('./html/verify.js')).renderVerificationPage,
  },
  'gc-plan/ladder@1': {
    table: async () => (await import('./table/verify-ladder.js')).renderLadder,
    json,
    svg: async () => (await import('./verify-ladder.js')).loadLadderSvg(),
  },
  'gc-plan/measured@1': { table: async () => (await import('./table/verify-measured.js')).renderMeasured, json },
  'gc-plan/doctor@1': { table: async () => (await import('./table/verify-doctor.js')).renderDoctor, json },
  'gc-plan/check@1': {
    table: async () => (await import('./table/check.js')).renderCheck,
    json,
    github: async () => (await import('./github/check.js')).renderCheck,
    junit: async () => (await import('./junit/check.js')).renderCheck,
  },
  'gc-plan/validate@1': {
    table: async () => (await import('./table/validate.js')).renderValidation,
    json,
    html: async () => (await import('./html/validate.js')).renderValidationPage,
  },
  'gc-plan/completion@1': {
    table:
      async () =>
      ({ script }) =>
        script,
    json,
  },
  'gc-plan/init@1': { table: async () => (await import('./table/init.js')).renderInit, json },
  'gc-plan/profiles@1': { table: async () => (await import('./table/profiles.js')).renderProfiles, json },
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
