/** The user's Python reads a checkpoint's arrays and writes the grown ones: `grow.py`, in a process of its own. */
import { z } from 'zod';
import { assetFile } from '../../config/assets.js';
import { InputError } from '../../errors.js';
import { MiB } from '../../units.js';
import { jsonOf, withStderr } from '../process.js';
import { type PythonOptions, runPython } from '../python.js';

const refusalSchema = z.object({
  refused: z.object({ code: z.string(), message: z.string(), nextSteps: z.array(z.string()) }),
});
const axisLength = z.int().nonnegative();
const inspectedSchema = z.object({
  format: z.enum(['npz', 'torch']),
  arrays: z
    .array(z.object({ name: z.string().min(1), shape: z.array(axisLength).max(8), type: z.string() }))
    .max(100_000),
  dropped: z.array(z.string()),
});
const writtenSchema = z.object({ written: z.int().positive() });

export type Inspected = z.infer<typeof inspectedSchema>;

const script = assetFile('verify/grow/grow.py');
const kept = {
  stdout: { maximumBytes: 64 * MiB, end: 'last' },
  stderr: { maximumBytes: 16_384, end: 'last' },
} as const;

/** Names, shapes and types; no values are read. */
export const inspectCheckpoint = (file: string, options: PythonOptions): Promise<Inspected> =>
  ask(['inspect', file], inspectedSchema, options);

/** Writes `target` whole, or throws. `planFile`: the plan as JSON. */
export const writeGrown = (file: string, planFile: string, target: string, options: PythonOptions) =>
  ask(['apply', file, planFile, target], writtenSchema, options);

async function ask<Answer>(
  args: readonly string[],
  schema: z.ZodType<Answer>,
  options: PythonOptions,
): Promise<Answer> {
  const end = await runPython(
    {
      args: [script, ...args],
      kept,
      nextStep: '--python PATH names the Python that has NumPy (.npz) or torch',
    },
    options,
  );
  if (end.timedOut)
    throw new InputError('grow-timeout', `Python took more than ${options.timeoutMs / 1000} s.`, ['--timeout 3600']);
  const answer = jsonOf(end.stdout);
  const refusal = refusalSchema.safeParse(answer);
  if (refusal.success) {
    const { code, message, nextSteps } = refusal.data.refused;
    throw new InputError(code, message, nextSteps);
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const how = end.by === null ? `ended with code ${end.code}` : `was ended by ${end.by}`;
  throw new InputError('grow-failed', withStderr(`Python ${how} without an answer`, end), [
    'gc-plan grow with --python PATH, the Python that trained the model',
  ]);
}
