/** One line of a trace file: docs/trace.md says in which order they come. Read and written line by line, so that no reader holds it whole. */
import { z } from 'zod';
import { runtimeNames } from '../../config/choices.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { bytes, count } = common;
const text = z.string().max(1000);

export const unseen = z
  .strictObject({
    what: text.describe('The function, or the file and line.'),
    why: text,
    nextStep: text,
  })
  .describe('What a step does on a card and a trace made without one cannot hold.');

export const recordedFramework = z.enum(runtimeNames.filter((name) => runtimeTraits[name].recordedBy !== undefined));

const ofCompiler = bytes.describe('As the compiler counts it.');
export const compiled = z
  .strictObject({
    card: z.string().describe('That it was compiled for.'),
    argumentBytes: ofCompiler,
    outputBytes: ofCompiler,
    aliasBytes: bytes.describe('Of results that are written over a donated argument.'),
    temporaryBytes: bytes.describe('The arena.'),
    constantBytes: bytes.describe('Of the program; not part of the peak.'),
    temporaryRange: z
      .strictObject({ lowBytes: bytes, highBytes: bytes })
      .describe('The arena over the kernels that it was compiled with.'),
  })
  .describe('Of a step that was compiled: its peak is arguments + outputs − aliased + temporaries.');

export const traceHeadSchema = z.strictObject({
  schema: z.literal('gc-plan/trace@1'),
  framework: recordedFramework,
  source: text.describe('File and function that were captured.'),
  versions: z.record(z.string().max(100), text).describe('Of Python, of the framework and of code bases that it has.'),
  parameters: z.strictObject({ count, bytes }),
  numBuffers: count,
  numEvents: count,
  lastStepFirstEvent: count.describe('Peaks are looked for from here on; allocators replay from the beginning.'),
  compiled: compiled.exactOptional(),
  unseen: z.array(unseen).max(1000),
  notes: z.array(text).max(1000),
});

const indices = z.array(count);
const lineSchemas = [
  z.strictObject({ dtypes: z.array(text) }),
  z.strictObject({ shapes: z.array(z.array(count).max(64)) }),
  z.strictObject({ operations: z.array(text) }),
  z.strictObject({ modules: z.array(text).describe('Paths as `named_modules` gives them.') }),
  z.strictObject({
    buffers: z
      .strictObject({
        bytes: z.array(bytes),
        dtype: indices,
        shape: indices,
        operation: indices,
        module: indices,
        category: z
          .array(z.int().min(0).max(5))
          .describe('0 parameter, 1 gradient, 2 optimizer, 3 input, 4 activation, 5 temporary.'),
      })
      .describe('The next buffers, a column each: bytes of the storage, and where the tables hold the rest.'),
  }),
  z.strictObject({
    events: z
      .array(z.int())
      .describe('The next events: i > 0 allocates buffer i − 1, i < 0 frees buffer −i − 1; allocations in order.'),
  }),
  z.strictObject({
    marks: z
      .array(
        z.strictObject({
          phase: common.phase,
          firstEvent: count,
          recompute: z.boolean().exactOptional().describe('A forward pass that runs again for the backward pass.'),
        }),
      )
      .describe('A phase lasts until the next mark.'),
  }),
  z.strictObject({
    calls: z
      .array(
        z.strictObject({
          module: count.describe('Position of its path.'),
          firstEvent: count,
          endEvent: count.describe('The event after its last.'),
          flops: z.number().nonnegative().describe('Of products, convolutions and attention.'),
          inputs: z.array(count).max(10_000).describe('Arrays that it is given.'),
          outputs: z.array(count).max(10_000).describe('Arrays that it hands out.'),
          firstSave: count.describe('Position of the first row of `saves` that was saved in it.'),
          endSave: count.describe('Position behind the last one.'),
          lastSaveEvent: count.describe('The event before which the last one was saved.'),
        }),
      )
      .describe(
        'Calls of modules in forward passes, in the order in which they end: what recomputing one would do follows from them.',
      ),
  }),
  z.strictObject({
    saves: z
      .strictObject({
        buffer: indices,
        neededAt: indices.describe(
          'The event before which the backward pass first needs it; `numEvents` where it never does.',
        ),
        usedAt: indices.describe('The event before which the operation that needed it first has ended.'),
        goneAt: indices.describe('The event before which autograd lets it go; `numEvents` where it never does.'),
      })
      .describe('What autograd saves in forward passes, in order, a column each.'),
  }),
  z.strictObject({
    releases: z
      .strictObject({ buffer: indices, event: indices })
      .describe('Arrays that autograd saved, and the event before which everything else had let go of each.'),
  }),
  z.strictObject({ end: z.strictObject({ peakLiveBytes: bytes.describe('Of all steps, as its writer counted it.') }) }),
] as const;

export const traceLineSchema = z
  .union([traceHeadSchema, ...lineSchemas])
  .describe('One line of a trace file (docs/trace.md): gzip, one JSON object per line.');

export type TraceHead = DeepReadonly<z.infer<typeof traceHeadSchema>>;
export type TraceLine = DeepReadonly<z.infer<(typeof lineSchemas)[number]>>;
export const traceBodySchema = z.union(lineSchemas);
