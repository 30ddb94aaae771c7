/** Reads a trace file (docs/trace.md): unpacked piece by piece, one line at a time, and checked before anybody replays it. */
import { shown } from '../../config/nearest.js';
import { readAt, withRegularFile } from '../../config/read-file.js';
import { InputError } from '../../errors.js';
import { constant } from '../../ir/shape.js';
import type { ModuleCall } from '../../memory/recompute.js';
import type { Layout, Trace } from '../../memory/trace.js';
import { originCode } from '../../memory/trace.js';
import { type TraceHead, type TraceLine, traceBodySchema, traceHeadSchema } from '../../reports/trace/schema.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import { MiB } from '../../units.js';
import { gunzipped } from './gunzip.js';

/** A step as it was recorded: `trace.layouts` holds shapes for people to read, the bytes are the storages' own. */
export interface CapturedTrace {
  readonly file: string;
  readonly fileBytes: number;
  readonly head: TraceHead;
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
  /** Of modules in forward passes; none where its writer knows none. */
  readonly calls: readonly ModuleCall[];
}

/** A step of 10⁶ events has about 5 MiB, and 60 MiB unpacked. */
const maximumFileBytes = 256 * MiB;
const maximumLineBytes = 16 * MiB;
const maximumUnpackedBytes = 2048 * MiB;
const maximumBuffers = 5_000_000;
const maximumEvents = 2 * maximumBuffers;
/** A table row that a person may read. */
const maximumRows = 1_000_000;
/** No card has a petabyte; sums of so many stay whole numbers. */
const maximumBufferBytes = 2 ** 40;

/** @throws InputError where the file is no trace, is damaged or ends early, or holds more than a step does. */
export async function readTrace(file: string): Promise<CapturedTrace> {
  const compressed = withRegularFile(file, (descriptor, sizeBytes) => {
    if (sizeBytes > maximumFileBytes) throw noTrace(file, `${sizeBytes} bytes are more than a trace has`);
    return readAt(descriptor, 0, sizeBytes);
  });
  const reader = new Reader(file);
  for await (const line of linesOf(file, compressed)) reader.line(line);
  return { fileBytes: compressed.length, ...reader.finish() };
}

const noTrace = (file: string, what: string): InputError =>
  new InputError('no-trace', `${shown(file)}: ${what}.`, [
    'gc-plan capture FILE.py:FUNCTION --trace FILE writes a trace',
    'docs/trace.md describes the format',
  ]);

async function* linesOf(file: string, compressed: Uint8Array): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  if (compressed[0] !== 0x1f || compressed[1] !== 0x8b) {
    const isReport = decoder.decode(compressed.subarray(0, 100)).includes('gc-plan/capture@1');
    throw noTrace(
      file,
      isReport ? 'is the report of a capture; the trace is the file that it names' : 'is no gzip file',
    );
  }
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let unpackedBytes = 0;
  try {
    for await (const chunk of gunzipped(compressed)) {
      let from = 0;
      unpackedBytes += chunk.length;
      if (unpackedBytes > maximumUnpackedBytes) throw noTrace(file, 'unpacks to more than a trace has');
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield decoder.decode(joined([...rest, chunk.subarray(from, end)]));
        rest = [];
        restBytes = 0;
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > maximumLineBytes) throw noTrace(file, 'a line is longer than a trace has');
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw noTrace(file, `cannot be unpacked: ${(error as Error).message}`);
  }
  if (restBytes > 0) throw noTrace(file, 'ends in the middle of a line');
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

type Tables = Record<'dtypes' | 'operations' | 'modules', string[]> & { readonly shapes: (readonly number[])[] };
type Columns = Extract<TraceLine, { buffers: unknown }>['buffers'];
const columnNames = ['bytes', 'dtype', 'shape', 'operation', 'module', 'category'] as const;

class Reader {
  private head: TraceHead | undefined;
  private numLines = 0;
  private peakLiveBytes: number | undefined;
  private readonly tables: Tables = { dtypes: [], shapes: [], operations: [], modules: [] };
  private readonly columns = Object.fromEntries(columnNames.map((name) => [name, []])) as unknown as Record<
    (typeof columnNames)[number],
    number[]
  >;
  private readonly events: number[] = [];
  private readonly marks: Trace['marks'][number][] = [];
  private readonly calls: Extract<TraceLine, { calls: unknown }>['calls'][number][] = [];

  constructor(private readonly file: string) {}

  line(text: string): void {
    this.numLines++;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw this.wrong('is not JSON');
    }
    if (this.head === undefined) this.head = this.parseHead(value);
    else if (this.peakLiveBytes !== undefined) throw this.wrong('comes after the end');
    else this.add(this.parsed(traceBodySchema, value));
  }

  private wrong(what: string): InputError {
    return noTrace(this.file, `line ${this.numLines} ${what}`);
  }

  private parseHead(value: unknown): TraceHead {
    const schema = (value as { readonly schema?: unknown } | null)?.schema;
    if (typeof schema === 'string' && /^gc-plan\/trace@\d+$/.test(schema) && schema !== 'gc-plan/trace@1')
      throw this.wrong(`says ${shown(schema)}, which a newer gc-plan writes`);
    const head: TraceHead = this.parsed(traceHeadSchema, value);
    if (head.numBuffers > maximumBuffers || head.numEvents > maximumEvents)
      throw this.wrong(`announces ${head.numEvents} events: a trace has at most ${maximumEvents}`);
    return head;
  }

  private parsed<Value>(
    schema: {
      safeParse: (
        value: unknown,
      ) =>
        | { success: true; data: Value }
        | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
    },
    value: unknown,
  ): Value {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw this.wrong(`is not of this format: ${shown([...(issue?.path ?? []), issue?.message].join(' '))}`);
  }

  private add(line: TraceLine): void {
    if ('buffers' in line) this.addBuffers(line.buffers);
    else if ('events' in line) extend(this.events, line.events);
    else if ('marks' in line) extend(this.marks, line.marks);
    else if ('calls' in line) extend(this.calls, line.calls);
    else if ('end' in line) this.peakLiveBytes = line.end.peakLiveBytes;
    else if ('shapes' in line) extend(this.tables.shapes, line.shapes);
    else
      for (const [name, rows] of Object.entries(line) as ['dtypes' | 'operations' | 'modules', readonly string[]][])
        extend(this.tables[name], rows);
    const numRows = Math.max(
      ...Object.values(this.tables).map((rows) => rows.length),
      this.marks.length,
      this.calls.length,
    );
    if (numRows > maximumRows || this.events.length > this.head!.numEvents)
      throw this.wrong('holds more than the first line announces');
  }

  private addBuffers(columns: Columns): void {
    const { length } = columns.bytes;
    for (const name of columnNames) {
      if (columns[name].length !== length)
        throw this.wrong(`has ${columns[name].length} of ${name} and ${length} of bytes`);
      extend(this.columns[name], columns[name]);
    }
    if (this.columns.bytes.length > this.head!.numBuffers) throw this.wrong('holds more than the first line announces');
  }

  finish(): Omit<CapturedTrace, 'fileBytes'> {
    const { file, head, events, columns, tables, marks } = this;
    if (head === undefined || this.peakLiveBytes === undefined) throw noTrace(file, 'ends early');
    const { numBuffers, numEvents, lastStepFirstEvent } = head;
    if (columns.bytes.length !== numBuffers || events.length !== numEvents)
      throw noTrace(
        file,
        `${events.length} events of ${columns.bytes.length} arrays; its first line says ${numEvents} of ${numBuffers}`,
      );
    if (numBuffers === 0 || lastStepFirstEvent >= numEvents) throw noTrace(file, 'there is no step in it');
    this.checkIndices();
    const bytesOfBuffer = Float64Array.from(columns.bytes);
    const peakLiveBytes = this.checkEvents(bytesOfBuffer);
    if (peakLiveBytes !== this.peakLiveBytes)
      throw noTrace(file, `its events add up to ${peakLiveBytes} bytes, its last line says ${this.peakLiveBytes}`);
    this.checkCompiled(head);
    const { layouts, bufferLayout } = layoutsOf(columns, tables);
    const { operations, operationBlocks, bufferOperation } = operationsOf(columns, tables);
    const trace: Trace = {
      layouts,
      operations,
      operationBlocks,
      modules: tables.modules,
      events: Int32Array.from(events),
      bufferLayout,
      bufferCategory: Uint8Array.from(columns.category),
      bufferModule: Uint32Array.from(columns.module),
      bufferOperation,
      bufferOrigin: new Uint8Array(numBuffers).fill(originCode.device),
      marks,
      lastStepFirstEvent,
    };
    return { file, head, trace, bytesOfBuffer, calls: this.moduleCalls() };
  }

  /** What a compiler says of its program in all is what the events add up to. */
  private checkCompiled({ framework, compiled }: TraceHead): void {
    const isCompiled = runtimeTraits[framework].recordedBy === 'compiling';
    if (isCompiled !== (compiled !== undefined))
      throw noTrace(this.file, `a step of ${framework} ${isCompiled ? 'says' : 'does not say'} what was compiled`);
    if (compiled === undefined) return;
    const { argumentBytes, outputBytes, aliasBytes, temporaryBytes } = compiled;
    const bytes = argumentBytes + outputBytes - aliasBytes + temporaryBytes;
    if (bytes !== this.peakLiveBytes)
      throw noTrace(this.file, `its events add up to ${this.peakLiveBytes} bytes, and what was compiled to ${bytes}`);
    const { lowBytes, highBytes } = compiled.temporaryRange;
    if (
      lowBytes > temporaryBytes ||
      highBytes < temporaryBytes ||
      argumentBytes < aliasBytes ||
      outputBytes < aliasBytes
    )
      throw noTrace(this.file, 'what was compiled does not go together');
  }

  private moduleCalls(): readonly ModuleCall[] {
    const { calls, tables, head, file } = this;
    return calls.map(({ module, ...call }) => {
      const isOrdered = call.firstEvent <= call.endEvent && call.endEvent <= head!.numEvents;
      const isThere = [...call.inputs, ...call.outputs].every((buffer) => buffer < head!.numBuffers);
      if (!isOrdered || !isThere || module >= tables.modules.length)
        throw noTrace(file, 'a call of a module is not in it');
      return { ...call, module: tables.modules[module]! };
    });
  }

  private checkIndices(): void {
    const { columns, tables, marks, file, head } = this;
    const within = (name: 'dtype' | 'shape' | 'operation' | 'module', rows: readonly unknown[]) => {
      if (columns[name].some((index) => index >= rows.length)) throw noTrace(file, `a ${name} is not in its table`);
    };
    within('dtype', tables.dtypes);
    within('shape', tables.shapes);
    within('operation', tables.operations);
    within('module', tables.modules);
    if (columns.bytes.some((bytes) => bytes > maximumBufferBytes))
      throw noTrace(file, 'an array is larger than any card');
    const isLater = marks.every(({ firstEvent }, i) => i === 0 || firstEvent > marks[i - 1]!.firstEvent);
    if (marks[0]?.firstEvent !== 0 || !isLater || marks.at(-1)!.firstEvent > head!.numEvents)
      throw noTrace(file, 'its phases are not in order');
  }

  /** Every buffer is allocated once, in order, and freed at most once, while it is alive. Gives the peak of all steps. */
  private checkEvents(bytesOfBuffer: Float64Array): number {
    const isAlive = new Uint8Array(bytesOfBuffer.length);
    let [next, live, peak] = [0, 0, 0];
    for (const [position, event] of this.events.entries()) {
      const buffer = Math.abs(event) - 1;
      const fits = event > 0 ? buffer === next : isAlive[buffer] === 1;
      if (!fits || next > bytesOfBuffer.length)
        throw noTrace(this.file, `event ${position} frees or makes what it cannot`);
      isAlive[buffer] = event > 0 ? 1 : 0;
      if (event > 0) next++;
      live += event > 0 ? bytesOfBuffer[buffer]! : -bytesOfBuffer[buffer]!;
      peak = Math.max(peak, live);
    }
    if (next !== bytesOfBuffer.length) throw noTrace(this.file, 'an array is never made');
    return peak;
  }
}

/** `push(...rows)` would put every row on the stack. */
function extend<Row>(rows: Row[], more: readonly Row[]): void {
  for (const row of more) rows.push(row);
}

type Rows = Readonly<Record<(typeof columnNames)[number], readonly number[]>>;

/** Index of each distinct pair, in order of appearance. */
function pairs(first: readonly number[], second: readonly number[], add: (a: number, b: number) => void): Uint32Array {
  const known = new Map<number, number>();
  return Uint32Array.from(first, (a, i) => {
    const b = second[i]!;
    const key = a * maximumRows + b;
    let index = known.get(key);
    if (index === undefined) {
      index = known.size;
      known.set(key, index);
      add(a, b);
    }
    return index;
  });
}

function layoutsOf({ shape, dtype }: Rows, { shapes, dtypes }: Tables) {
  const layouts: Layout[] = [];
  const bufferLayout = pairs(shape, dtype, (a, b) => {
    // Bytes are the storage's: a tensor may be a view of a part of it.
    layouts.push({ shape: shapes[a]!.map(constant), elementBytes: 0, dtype: dtypes[b]! });
  });
  return { layouts, bufferLayout };
}

function operationsOf({ operation, module }: Rows, tables: Tables) {
  const operations: string[] = [];
  const operationBlocks: string[] = [];
  const bufferOperation = pairs(operation, module, (a, b) => {
    const path = tables.modules[b]!;
    operations.push(path === 'other' ? tables.operations[a]! : `${path}: ${tables.operations[a]}`);
    operationBlocks.push(path);
  });
  return { operations, operationBlocks, bufferOperation };
}
