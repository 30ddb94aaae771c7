import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

export const pythonPackages = z.array(
  z.strictObject({ name: z.string(), version: z.string().exactOptional().describe('Absent: not installed.') }),
);

export const doctorSchema = z
  .strictObject({
    schema: z.literal('gc-plan/doctor@1'),
    tool: common.tool,
    system: z.strictObject({ node: z.string(), platform: z.string(), arch: z.string(), cpu: z.string() }),
    backends: z.array(
      z.strictObject({
        name: z.enum(['node-gpu', 'node', 'js']),
        runs: z.boolean(),
        version: z.string().exactOptional(),
        reason: z.string().exactOptional().describe('Why it does not run.'),
        nextSteps: z.array(z.string()),
      }),
    ),
    chosen: z
      .enum(['node-gpu', 'node', 'js', 'none'])
      .describe('What --backend auto takes; none: no backend is installed that runs.'),
    gpus: z.array(z.strictObject({ name: z.string(), memory: z.string(), driver: z.string() })),
    noGpus: z.string().exactOptional().describe('Why none is listed.'),
    python: z
      .strictObject({
        path: z.string(),
        version: z.string().exactOptional(),
        packages: pythonPackages,
        nextSteps: z.array(z.string()).exactOptional().describe('Where a package is not installed.'),
        reason: z.string().exactOptional().describe('Why it says nothing.'),
      })
      .exactOptional()
      .describe('With --runtime jax or pytorch: what that Python has of what verify asks of it.'),
    ledger: z.strictObject({ file: z.string(), entries: common.count }),
  })
  .describe('What verify finds on this machine.');

export type Doctor = DeepReadonly<z.infer<typeof doctorSchema>>;
