/** The library: one function per command, and the reports that they give. */
export { InputError } from './errors.js';
export * from './library/index.js';
export type { Advice, RecordedAdvice } from './reports/advise/schema.js';
export type { Capture } from './reports/capture/schema.js';
export type { Cards } from './reports/cards/schema.js';
export type { Check } from './reports/check/schema.js';
export type { Comparison } from './reports/compare/schema.js';
export type { ErrorReport } from './reports/error/schema.js';
export type { Estimate, RecordedEstimate } from './reports/estimate/schema.js';
export type { Explanation } from './reports/explain/schema.js';
export type { Init } from './reports/init/schema.js';
export type { Profiles } from './reports/profiles/schema.js';
export type { Solution } from './reports/solve/schema.js';
export type { Sweep } from './reports/sweep/schema.js';
export type { Validation } from './reports/validate/schema.js';
export type { Verification } from './reports/verify/schema.js';
