/** One candidate's live bytes and verdict, equal to what `estimate` prints for it. */
import type { Config, Device } from '../config/types.js';
import { liveness } from '../memory/liveness.js';
import { layoutBytes, type Trace } from '../memory/trace.js';
import { judge, usableBytes } from '../memory/verdict.js';
import type { Counts } from '../program/dimensions.js';
import type { Dimensions } from '../program/shape.js';
import { runtimes } from '../runtimes/index.js';
import type { JudgedStep } from '../runtimes/process.js';
import { dimensionsFor, type Sized, type Structure, sizeUp } from './structure.js';

export interface SizedCandidate extends Sized {
  readonly config: Config;
  readonly structure: Structure;
  readonly dimensions: Dimensions;
}

export function sizeCandidate(config: Config, structure: Structure, counts: Counts): SizedCandidate {
  const dimensions = dimensionsFor(config, counts);
  return { config, structure, dimensions, ...sizeUp(structure, dimensions) };
}

/** The part of a candidate that its verdict depends on. */
export type Judgeable = Pick<SizedCandidate, 'config' | 'dimensions' | 'peakLiveBytes'> & {
  readonly structure: Pick<Structure, 'trace'>;
};

export function judgeCandidate(candidate: Judgeable, device: Device): JudgedStep {
  const { config, structure, dimensions, peakLiveBytes } = candidate;
  const { trace } = structure;
  const { runtime } = runtimes[config.runtime];
  const usable = usableBytes(device, config.recipe, config.runtime, config.reserveBytes);
  const bytesOfBuffer = () => bytesOfBuffers(trace, dimensions);
  if (runtime.judge) return runtime.judge({ trace, peakLiveBytes, bytesOfBuffer, config, device, usableBytes: usable });
  const bytes = bytesOfBuffer();
  const process = runtime.process({
    trace,
    bytesOfBuffer: bytes,
    liveness: liveness(trace, dimensions, bytes),
    config,
    device,
    usableBytes: usable,
  });
  const card = { nominalBytes: device.nominalBytes, usableBytes: usable };
  const { kind } = judge(process.range, card, process.xlaRemat?.kind);
  if (kind === 'unknown') throw new Error('a card was given, so that the verdict is known');
  return { kind, deviceBytes: process.deviceBytes };
}

let buffer = new Float64Array(0);

/** As `bufferBytes`, into memory that the next call overwrites: a search asks a hundred thousand times. */
function bytesOfBuffers({ layouts, bufferLayout }: Trace, dimensions: Dimensions): Float64Array {
  const perLayout = Float64Array.from(layouts, (layout) => layoutBytes(layout, dimensions));
  if (buffer.length < bufferLayout.length) buffer = new Float64Array(2 * bufferLayout.length);
  const bytes = buffer.subarray(0, bufferLayout.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = perLayout[bufferLayout[i]!]!;
  return bytes;
}
