/** The library: one function per command, and the reports that they give. */
export { InputError } from './errors.js';
export * from './library/index.js';
export type { Advice } from './report/schemas/advise.js';
export type { Check } from './report/schemas/check.js';
export type { ErrorReport } from './report/schemas/error.js';
export type { Estimate } from './report/schemas/estimate.js';
export type { Explanation } from './report/schemas/explain.js';
export type { Init } from './report/schemas/init.js';
export type { Profiles } from './report/schemas/profiles.js';
export type { Solution } from './report/schemas/solve.js';
export type { Sweep } from './report/schemas/sweep.js';
export type { Validation } from './report/schemas/validate.js';
export type { Verification } from './report/schemas/verify.js';
