import { expect, it } from 'vitest';
import { axis, constant } from '../../src/ir/shape.js';
import { TraceRecorder } from '../../src/memory/recorder.js';
import { bufferBytes, originCode, type Trace } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { dimensionsFor, traceOf } from '../../src/parallel/index.js';
import { fromEvents, toEvents } from '../../src/parallel/trace-events.js';

const columnsOf = (trace: Trace) =>
  Array.from(trace.bufferLayout, (layout, buffer) => [
    trace.layouts[layout]!.shape[0]!.factor,
    trace.modules[trace.bufferModule[buffer]!],
    trace.operations[trace.bufferOperation[buffer]!],
    trace.operationBlocks[trace.bufferOperation[buffer]!],
  ]);

it('a buffer keeps its own layout, module, operation and block behind the 65,536th of each, also through edits', () => {
  const recorder = new TraceRecorder();
  const number = 70_000;
  for (let i = 1; i <= number; i++) {
    recorder.currentOperation = recorder.operation(`operation ${i}`, `block ${i}`);
    if (i % 1_000 === 0) recorder.currentModule = recorder.module(`module ${i}`);
    recorder.allocate([constant(i), axis('one')], 4);
  }
  const trace = recorder.finish();
  const last = [number, `module ${number}`, `operation ${number}`, `block ${number}`];
  expect(columnsOf(trace)[number - 1]).toEqual(last);
  expect(columnsOf(fromEvents(toEvents(trace)))).toEqual(columnsOf(trace));
});

it('JAX’s executable holds as many constants at 1,024 layers as at 16', async () => {
  const constantBytes = async (layers: string) => {
    const config = await resolveConfig({ model: 'graphcast-small', flags: { layers } });
    const trace = traceOf(config);
    const bytes = bufferBytes(trace, dimensionsFor(config, counts(config.model)));
    return bytes.reduce((sum, each, i) => sum + (trace.bufferOrigin[i] === originCode.executable ? each : 0), 0);
  };
  const atSixteen = await constantBytes('16');
  expect(atSixteen).toBeGreaterThan(0);
  expect(await constantBytes('1024')).toBe(atSixteen);
});
