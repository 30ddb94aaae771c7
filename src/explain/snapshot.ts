/**
 * One step as a PyTorch memory snapshot, for https://pytorch.org/memory_viz. Format: docs.pytorch.org/docs/stable/torch_cuda_memory
 * (2026-11). No `category`: the viewer stops at snapshots that have some but not the one named `unknown`.
 */

import { InputError } from '../errors.js';
import { type Dimensions, formatShape } from '../ir/shape.js';
import { aliveAfter } from '../memory/liveness.js';
import { categories, type Trace } from '../memory/trace.js';
import { type PickleValue, pickle } from './pickle.js';
import { momentsOf } from './timeline.js';

export function memorySnapshot(trace: Trace, dimensions: Dimensions, bytesOfBuffer: Float64Array): Buffer {
  const { events, lastStepFirstEvent } = trace;
  const moments = momentsOf(trace);
  const addresses = addressesOf(bytesOfBuffer);
  const framesOf = (buffer: number): PickleValue => {
    const { shape, dtype } = trace.layouts[trace.bufferLayout[buffer]!]!;
    const lengths = shape.map(({ symbol, factor }) => factor * (dimensions[symbol] ?? 1));
    return [
      frame(trace.modules[trace.bufferModule[buffer]!]!, trace.operations[trace.bufferOperation[buffer]!]!),
      frame(categories[trace.bufferCategory[buffer]!]!, `${formatShape(shape)} = [${lengths.join(', ')}] ${dtype}`),
    ];
  };
  const entry = (action: string, buffer: number, event: number): PickleValue => ({
    action,
    addr: addresses[buffer]!,
    size: bytesOfBuffer[buffer]!,
    stream: 0,
    time_us: event,
    frames: action === 'alloc' ? framesOf(buffer) : [frame('phase', moments[event]!.phase)],
  });
  function* entries(): Generator<PickleValue> {
    for (let event = lastStepFirstEvent; event < events.length; event++) {
      const change = events[event]!;
      const buffer = Math.abs(change) - 1;
      if (bytesOfBuffer[buffer] === 0) continue;
      if (change > 0) yield entry('alloc', buffer, event);
      else for (const action of ['free_requested', 'free_completed']) yield entry(action, buffer, event);
    }
  }
  const segments = aliveAfter(trace, events.length - 1)
    .filter((buffer) => bytesOfBuffer[buffer]! > 0)
    .map((buffer) => segment(addresses[buffer]!, bytesOfBuffer[buffer]!, framesOf(buffer)));
  return pickle({ segments, device_traces: [entries()] });
}

const frame = (filename: string, name: string): PickleValue => ({ filename, line: 0, name });

/** Every array has a place of its own: lifetimes are shown, not an allocator's decisions. Addresses as a GPU's look, in steps of 512. */
function addressesOf(bytesOfBuffer: Float64Array): Float64Array {
  let next = 0x7f00_0000_0000;
  const addresses = bytesOfBuffer.map((bytes) => {
    const address = next;
    next += Math.ceil(Math.max(bytes, 1) / 512) * 512;
    return address;
  });
  if (Number.isSafeInteger(next)) return addresses;
  throw new InputError(
    'out-of-range',
    '--snapshot: all arrays one beside the other reach over 8 PiB, up to which addresses are exact',
    ['a smaller --batch, --hidden-dim or --layers, or fewer edges', 'Leave --snapshot out.'],
  );
}

const segment = (address: number, bytes: number, frames: PickleValue): PickleValue => ({
  device: 0,
  address,
  total_size: bytes,
  allocated_size: bytes,
  active_size: bytes,
  requested_size: bytes,
  stream: 0,
  segment_type: 'large',
  frames: [],
  blocks: [{ address, size: bytes, requested_size: bytes, state: 'active_allocated', frames }],
});
