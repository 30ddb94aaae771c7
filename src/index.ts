/** The library: one function per command, and the reports that they give. */
export type { ResolveInput } from './config/resolve.js';
export { InputError } from './errors.js';
export type { Check } from './report/schemas/check.js';
export type { ErrorReport } from './report/schemas/error.js';
export type { Estimate } from './report/schemas/estimate.js';
export type { Explanation } from './report/schemas/explain.js';
export type { Init } from './report/schemas/init.js';
export type { Profiles } from './report/schemas/profiles.js';
export type { Sweep } from './report/schemas/sweep.js';
export type { Validation } from './report/schemas/validate.js';
export type { Verification } from './report/schemas/verify.js';
export { check } from './services/check.js';
export { estimate } from './services/estimate.js';
export { explain } from './services/explain.js';
export { init } from './services/init.js';
export { profiles } from './services/profiles.js';
export { validate } from './services/validate.js';
export { verify } from './services/verify.js';
