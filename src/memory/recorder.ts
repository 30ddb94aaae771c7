/** Writes a trace: storages with reference counts, as a framework that frees by counting (PyTorch) or a runtime that says when. */
import { formatShape, type Shape } from '../ir/shape.js';
import {
  type Category,
  categoryCode,
  type Layout,
  type Origin,
  originCode,
  type Phase,
  type Trace,
  type TurnMark,
} from './trace.js';
import { noTurn, withTurns } from './turns.js';

export type StorageId = number;

const dtypeNames: Readonly<Record<number, string>> = { 1: 'int8', 2: 'bf16', 4: 'fp32', 8: 'int64' };

const shapeNames = new WeakMap<Shape, string>();

function nameOf(shape: Shape): string {
  const name = shapeNames.get(shape) ?? formatShape(shape);
  shapeNames.set(shape, name);
  return name;
}

export class TraceRecorder {
  private readonly events: number[] = [];
  private readonly layouts: Layout[] = [];
  private readonly layoutOfKey = new Map<string, number>();
  private readonly layoutsOfShape = new Map<Shape, number[]>();
  private readonly operations: string[] = [];
  private readonly operationBlocks: string[] = [];
  private readonly modules: string[] = [];
  private readonly references: number[] = [];
  private readonly bufferLayout: number[] = [];
  private readonly bufferCategory: number[] = [];
  private readonly bufferModule: number[] = [];
  private readonly bufferOperation: number[] = [];
  private readonly bufferOrigin: number[] = [];
  private readonly marks: { phase: Phase; firstEvent: number; recompute?: boolean }[] = [];
  private readonly turnMarks: TurnMark[] = [];
  private currentTurn = noTurn;
  private repetition: { readonly turn: number; readonly times: number } | undefined;
  private lastStepFirstEvent = 0;
  private everyStepCounts = false;
  /** Stamped on every allocation until changed; the first two are indices from `operation` and `module`. */
  currentOperation = 0;
  currentModule = 0;
  currentCategory: Category = 'temporary';
  currentOrigin: Origin = 'device';
  /** The shape of what is allocated from here on, where its symbols have other values than before. */
  atOtherSize: ((shape: Shape) => Shape) | undefined;

  /** `block`: of the program, where the operation belongs to one. */
  operation(label: string, block = ''): number {
    this.operationBlocks.push(block);
    return this.operations.push(label) - 1;
  }

  module(name: string): number {
    const found = this.modules.indexOf(name);
    return found >= 0 ? found : this.modules.push(name) - 1;
  }

  /** A new storage with one reference. */
  allocate(shape: Shape, elementBytes: number, dtype?: string): StorageId {
    const id = this.references.length;
    this.references.push(1);
    this.bufferLayout.push(this.layout(this.atOtherSize?.(shape) ?? shape, elementBytes, dtype));
    this.bufferCategory.push(categoryCode[this.currentCategory]);
    this.bufferModule.push(this.currentModule);
    this.bufferOperation.push(this.currentOperation);
    this.bufferOrigin.push(originCode[this.currentOrigin]);
    this.events.push(id + 1);
    return id;
  }

  /** Another storage as that one: its layout, category, module, operation and origin. */
  allocateLike(storage: StorageId): StorageId {
    const id = this.references.length;
    this.references.push(1);
    const { bufferLayout, bufferCategory, bufferModule, bufferOperation, bufferOrigin } = this;
    for (const column of [bufferLayout, bufferCategory, bufferModule, bufferOperation, bufferOrigin])
      column.push(column[storage]!);
    this.events.push(id + 1);
    return id;
  }

  retain(storage: StorageId): void {
    this.references[storage]! += 1;
  }

  release(storage: StorageId): void {
    if (--this.references[storage]! === 0) this.events.push(-storage - 1);
  }

  numReferences(storage: StorageId): number {
    return this.references[storage]!;
  }

  /** Number of storages made so far: the id of the next. */
  get numStorages(): number {
    return this.references.length;
  }

  categorize(storage: StorageId, category: Category): void {
    this.bufferCategory[storage] = categoryCode[category];
  }

  /** What was made in the forward pass and is still alive is what the backward pass needs. */
  categorizeLiveAsActivation(fromStorage: StorageId): void {
    const { temporary, activation } = categoryCode;
    for (let id = fromStorage; id < this.references.length; id++) {
      if (this.references[id]! > 0 && this.bufferCategory[id] === temporary) this.bufferCategory[id] = activation;
    }
  }

  mark(phase: Phase, recompute = false): void {
    const firstEvent = this.events.length;
    this.marks.push(recompute ? { phase, firstEvent, recompute } : { phase, firstEvent });
  }

  /** Whose events follow: those of a rollout step, or of none. */
  get turn(): number {
    return this.currentTurn;
  }

  set turn(turn: number) {
    if (turn === this.currentTurn) return;
    this.currentTurn = turn;
    this.turnMarks.push({ turn, firstEvent: this.events.length });
  }

  /** That turn stands for so many in a row; the others are as they are. */
  repeatTurn(turn: number, times: number): void {
    this.repetition = { turn, times };
  }

  /** The peak is looked for from here on: in the last step, unless an earlier step asked to be counted. */
  markLastStep(): void {
    if (!this.everyStepCounts) this.lastStepFirstEvent = this.events.length;
  }

  /** A step that makes something once and keeps it may have the peak: it and all later steps count. */
  countEveryStep(): void {
    this.everyStepCounts = true;
  }

  /** Whether `finish` writes these events, and more of them after the last alone. */
  get isInOrder(): boolean {
    return this.repetition === undefined;
  }

  get numEvents(): number {
    return this.events.length;
  }

  /** What has been written from an event and a buffer on. */
  since(event: number, buffer: number): { readonly events: readonly number[]; readonly layouts: readonly Layout[] } {
    const layouts = this.bufferLayout.slice(buffer).map((index) => this.layouts[index]!);
    return { events: this.events.slice(event), layouts };
  }

  finish(): Trace {
    const trace = this.written();
    const { repetition } = this;
    return repetition
      ? withTurns(trace, this.turnMarks, repetition.turn, repetition.times)
      : { ...trace, turnMarks: this.turnMarks };
  }

  private written(): Trace {
    return {
      layouts: this.layouts,
      operations: this.operations,
      operationBlocks: this.operationBlocks,
      modules: this.modules,
      events: Int32Array.from(this.events),
      bufferLayout: Uint32Array.from(this.bufferLayout),
      bufferCategory: Uint8Array.from(this.bufferCategory),
      bufferModule: Uint32Array.from(this.bufferModule),
      bufferOperation: Uint32Array.from(this.bufferOperation),
      bufferOrigin: Uint8Array.from(this.bufferOrigin),
      marks: this.marks,
      lastStepFirstEvent: this.lastStepFirstEvent,
    };
  }

  /** Shapes are found by identity first: a program shares them, and a trace asks thousands of times. */
  private layout(shape: Shape, elementBytes: number, dtype: string | undefined): number {
    let perWidth = this.layoutsOfShape.get(shape);
    if (perWidth === undefined) {
      perWidth = [];
      this.layoutsOfShape.set(shape, perWidth);
    }
    const known = dtype === undefined ? perWidth[elementBytes] : undefined;
    if (known !== undefined) return known;
    const name = dtype ?? dtypeNames[elementBytes] ?? `${elementBytes} bytes`;
    const key = `${nameOf(shape)} ${name}`;
    let index = this.layoutOfKey.get(key);
    if (index === undefined) {
      index = this.layouts.push({ shape, elementBytes, dtype: name }) - 1;
      this.layoutOfKey.set(key, index);
    }
    if (dtype === undefined) perWidth[elementBytes] = index;
    return index;
  }
}
