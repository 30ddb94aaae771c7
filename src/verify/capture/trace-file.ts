/** Reads a trace file (docs/trace.md): unpacked piece by piece, one line at a time, and checked before anybody replays it. */
import type { z } from 'zod';
import { conforms } from '../../config/conforms.js';
import { shown } from '../../config/nearest.js';
import type { InputError } from '../../errors.js';
import type { ModuleCall, StepWithSaves } from '../../memory/recompute.js';
import type { Trace } from '../../memory/trace.js';
import { originCode } from '../../memory/trace.js';
import { type TraceHead, type TraceLine, traceBodySchema, traceHeadSchema } from '../../reports/trace/schema.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import { linesOf, noTrace, packedTrace } from './trace-lines.js';
import { columnNames, layoutsOf, maximumRows, operationsOf, type Tables } from './trace-tables.js';

/** A step as it was recorded: `trace.layouts` holds shapes for people to read, the bytes are the storages' own. */
export interface CapturedTrace extends StepWithSaves {
  readonly file: string;
  readonly fileBytes: number;
  readonly head: TraceHead;
  /** Of modules in forward passes; none where its writer knows none. */
  readonly calls: readonly ModuleCall[];
}

const maximumBuffers = 5_000_000;
const maximumEvents = 2 * maximumBuffers;
/** Letters in tables, axes of shapes, arrays of calls: a step of 10⁶ events has a tenth. */
const maximumDetails = 2 ** 24;
/** No card has a petabyte; sums of so many stay whole numbers. */
const maximumBufferBytes = 2 ** 40;

/** @throws InputError where the file is no trace, is damaged or ends early, or holds more than a step does. */
export async function readTrace(file: string): Promise<CapturedTrace> {
  const packed = packedTrace(file);
  const reader = new Reader(file);
  for await (const line of linesOf(file, packed)) reader.line(line);
  return { fileBytes: packed.length, ...reader.finish() };
}

const isHead = conforms(traceHeadSchema);
const isBody = conforms(traceBodySchema);

class Reader {
  private head: TraceHead | undefined;
  private numLines = 0;
  private numDetails = 0;
  private peakLiveBytes: number | undefined;
  private readonly tables: Tables = { dtypes: [], shapes: [], operations: [], modules: [] };
  private readonly columns = Object.fromEntries(columnNames.map((name) => [name, []])) as unknown as Record<
    (typeof columnNames)[number],
    number[]
  >;
  private readonly events: number[] = [];
  private readonly marks: Trace['marks'][number][] = [];
  private readonly calls: Extract<TraceLine, { calls: unknown }>['calls'][number][] = [];
  private readonly saves = {
    buffer: [] as number[],
    neededAt: [] as number[],
    usedAt: [] as number[],
    goneAt: [] as number[],
  };
  private readonly releases = { buffer: [] as number[], event: [] as number[] };

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
    else this.add(this.parsed(traceBodySchema, isBody, value));
  }

  private wrong(what: string): InputError {
    return noTrace(this.file, `line ${this.numLines} ${what}`);
  }

  private parseHead(value: unknown): TraceHead {
    const schema = (value as { readonly schema?: unknown } | null)?.schema;
    if (typeof schema === 'string' && /^gc-plan\/trace@\d+$/.test(schema) && schema !== 'gc-plan/trace@1')
      throw this.wrong(`says ${shown(schema)}, which a newer gc-plan writes`);
    const head: TraceHead = this.parsed(traceHeadSchema, isHead, value);
    if (head.numBuffers > maximumBuffers || head.numEvents > maximumEvents)
      throw this.wrong(`announces ${head.numEvents} events: a trace has at most ${maximumEvents}`);
    return head;
  }

  private parsed<Value>(schema: z.ZodType<Value>, isValue: (value: unknown) => boolean, value: unknown): Value {
    if (isValue(value)) return value as Value;
    const [issue] = schema.safeParse(value).error?.issues ?? [];
    throw this.wrong(`is not of this format: ${shown([...(issue?.path ?? []), issue?.message].join(' '))}`);
  }

  private add(line: TraceLine): void {
    if ('buffers' in line) this.addColumns(this.columns, line.buffers);
    else if ('saves' in line) this.addColumns(this.saves, line.saves);
    else if ('releases' in line) this.addColumns(this.releases, line.releases);
    else if ('events' in line) extend(this.events, line.events);
    else if ('marks' in line) extend(this.marks, line.marks);
    else if ('end' in line) this.peakLiveBytes = line.end.peakLiveBytes;
    else if ('calls' in line)
      this.addRows(this.calls, line.calls, ({ inputs, outputs }) => inputs.length + outputs.length);
    else if ('shapes' in line) this.addRows(this.tables.shapes, line.shapes, ({ length }) => length);
    else
      for (const [name, rows] of Object.entries(line) as ['dtypes' | 'operations' | 'modules', readonly string[]][])
        this.addRows(this.tables[name], rows, ({ length }) => length);
    const { head, tables, marks, calls, events, columns, saves, releases } = this;
    const numRows = Math.max(...Object.values(tables).map(({ length }) => length), marks.length, calls.length);
    const numArrays = Math.max(columns.bytes.length, releases.buffer.length);
    const numEvents = Math.max(events.length, saves.buffer.length);
    if (numRows > maximumRows || numEvents > head!.numEvents || numArrays > head!.numBuffers)
      throw this.wrong('holds more than the first line announces');
  }

  private addRows<Row>(to: Row[], rows: readonly Row[], numDetails: (row: Row) => number): void {
    for (const row of rows) this.numDetails += numDetails(row);
    if (this.numDetails > maximumDetails) throw this.wrong('holds longer names, shapes and lists than a trace has');
    extend(to, rows);
  }

  private addColumns<Name extends string>(
    to: Record<Name, number[]>,
    columns: Readonly<Record<Name, readonly number[]>>,
  ) {
    const [first, ...others] = Object.keys(to) as Name[];
    for (const name of others)
      if (columns[name].length !== columns[first!].length)
        throw this.wrong(`has ${columns[name].length} of ${name} and ${columns[first!].length} of ${first}`);
    for (const name of Object.keys(to) as Name[]) extend(to[name], columns[name]);
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
    const { peakLiveBytes, ...lives } = this.checkEvents(bytesOfBuffer);
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
    return { file, head, trace, bytesOfBuffer, calls: this.moduleCalls(), ...this.saved(lives) };
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
    const { calls, tables, head, file, saves } = this;
    const isOrdered = (...positions: readonly number[]) =>
      positions.every((each, i) => i === 0 || positions[i - 1]! <= each);
    return calls.map(({ module, ...call }) => {
      const isInside =
        isOrdered(call.firstEvent, call.endEvent, head!.numEvents) &&
        isOrdered(call.firstSave, call.endSave, saves.buffer.length) &&
        (call.firstSave === call.endSave || isOrdered(call.firstEvent, call.lastSaveEvent, call.endEvent));
      const isThere = [...call.inputs, ...call.outputs].every((buffer) => buffer < head!.numBuffers);
      if (!isInside || !isThere || module >= tables.modules.length)
        throw noTrace(file, 'a call of a module is not in it');
      return { ...call, module: tables.modules[module]! };
    });
  }

  /** Autograd saves what is there, and nothing goes before all have let go of it. */
  private saved({ madeAt, freedAt }: Lives): Pick<CapturedTrace, 'saves' | 'releases'> {
    const { saves, releases, events, file } = this;
    const isAlive = (buffer: number, event: number) => madeAt[buffer]! < event && event <= freedAt[buffer]!;
    const isRight =
      saves.buffer.every((buffer, save) => {
        const [neededAt, usedAt, goneAt] = [saves.neededAt[save]!, saves.usedAt[save]!, saves.goneAt[save]!];
        const isNeeded = neededAt < events.length;
        return (neededAt <= usedAt || !isNeeded) && usedAt <= goneAt && isAlive(buffer, goneAt);
      }) && releases.buffer.every((buffer, row) => isAlive(buffer, releases.event[row]!));
    if (!isRight) throw noTrace(file, 'what autograd saved is not in it');
    return { saves, releases: new Map(releases.buffer.map((buffer, row) => [buffer, releases.event[row]!])) };
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
  private checkEvents(bytesOfBuffer: Float64Array): Lives & { readonly peakLiveBytes: number } {
    const { events, file } = this;
    const madeAt = new Int32Array(bytesOfBuffer.length);
    const freedAt = new Int32Array(bytesOfBuffer.length).fill(events.length);
    let [next, live, peakLiveBytes] = [0, 0, 0];
    for (const [position, event] of events.entries()) {
      const buffer = Math.abs(event) - 1;
      const fits = event > 0 ? buffer === next : buffer < next && freedAt[buffer] === events.length;
      if (!fits || next > bytesOfBuffer.length) throw noTrace(file, `event ${position} frees or makes what it cannot`);
      if (event > 0) madeAt[next++] = position;
      else freedAt[buffer] = position;
      live += event > 0 ? bytesOfBuffer[buffer]! : -bytesOfBuffer[buffer]!;
      peakLiveBytes = Math.max(peakLiveBytes, live);
    }
    if (next !== bytesOfBuffer.length) throw noTrace(file, 'an array is never made');
    return { madeAt, freedAt, peakLiveBytes };
  }
}

/** By buffer: the event that makes it, and the one that frees it, behind the last one where none does. */
interface Lives {
  readonly madeAt: Int32Array;
  readonly freedAt: Int32Array;
}

/** `push(...rows)` would put every row on the stack. */
function extend<Row>(rows: Row[], more: readonly Row[]): void {
  for (const row of more) rows.push(row);
}
