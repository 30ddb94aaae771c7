/** The reports as JSON Schemas (draft 2020-12), by the name in their `schema` key. The build writes them to `schemas/`. */
import { z } from 'zod';
import { adviseSchema } from './advise/schema.js';
import { captureSchema } from './capture/schema.js';
import { cardsSchema } from './cards/schema.js';
import { checkSchema } from './check/schema.js';
import { comparisonSchema } from './compare/schema.js';
import { completionSchema } from './completion/schema.js';
import { doctorSchema } from './doctor/schema.js';
import { errorSchema } from './error/schema.js';
import { estimateSchema } from './estimate/schema.js';
import { explanationSchema } from './explain/schema.js';
import { grownSchema } from './grow/schema.js';
import { initSchema } from './init/schema.js';
import { ladderSchema } from './ladder/schema.js';
import { measuredSchema } from './measured/schema.js';
import { openedSchema } from './open/schema.js';
import { profilesSchema } from './profiles/schema.js';
import { solutionSchema } from './solve/schema.js';
import { sweepSchema } from './sweep/schema.js';
import { traceLineSchema } from './trace/schema.js';
import { validationSchema } from './validate/schema.js';
import { verificationSchema } from './verify/schema.js';
import { planVerificationSchema } from './verify-plan/schema.js';

export const reportSchemas = {
  'gc-plan/estimate@1': estimateSchema,
  'gc-plan/sweep@1': sweepSchema,
  'gc-plan/solve@1': solutionSchema,
  'gc-plan/advise@1': adviseSchema,
  'gc-plan/compare@1': comparisonSchema,
  'gc-plan/cards@1': cardsSchema,
  'gc-plan/verify@1': verificationSchema,
  'gc-plan/verify-plan@1': planVerificationSchema,
  'gc-plan/ladder@1': ladderSchema,
  'gc-plan/measured@1': measuredSchema,
  'gc-plan/doctor@1': doctorSchema,
  'gc-plan/explain@1': explanationSchema,
  'gc-plan/capture@1': captureSchema,
  'gc-plan/trace@1': traceLineSchema,
  'gc-plan/grow@1': grownSchema,
  'gc-plan/check@1': checkSchema,
  'gc-plan/validate@1': validationSchema,
  'gc-plan/init@1': initSchema,
  'gc-plan/open@1': openedSchema,
  'gc-plan/completion@1': completionSchema,
  'gc-plan/profiles@1': profilesSchema,
  'gc-plan/error@1': errorSchema,
} as const;

/** `gc-plan/estimate@1` → `urn:gc-plan:estimate@1`: absolute, as a validator wants it, and the address of nobody's site. */
export const schemaId = (name: string): string => name.replace('gc-plan/', 'urn:gc-plan:');

export const publishedSchemas = (): Readonly<Record<string, object>> =>
  Object.fromEntries(
    Object.entries(reportSchemas).map(([name, schema]) => [name, { $id: schemaId(name), ...z.toJSONSchema(schema) }]),
  );
