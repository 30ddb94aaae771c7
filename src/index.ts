/** The library: one function per command, and the reports that they give. */

export { InputError } from './errors.js';
export type { ResolveInput } from './options/resolve.js';
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
export { advise } from './services/advise.js';
export { check } from './services/check.js';
export { estimate } from './services/estimate.js';
export { explain } from './services/explain.js';
export { init } from './services/init.js';
export { profiles } from './services/profiles.js';
export { solve } from './services/solve.js';
export { sweep } from './services/sweep.js';
export { validate } from './services/validate.js';
export { verify } from './services/verify.js';
