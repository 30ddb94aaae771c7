/**
 * What JAX needs of the host's memory, as far as it follows from arrays: what ran out where GenCast at 0.25° was traced on a host of 187 GB
 * (google-deepmind/weathernext issue 158). What XLA's compiler and Python itself hold is not known here.
 */
import { originCode } from '../../memory/trace.js';
import { codeBaseOf } from '../../models/index.js';
import { GiB } from '../../units.js';
import type { HostInput } from '../types.js';

const fp32Bytes = 4;

export function hostMemory({ config, trace, bytesOfBuffer, dimensions, numParameters }: HostInput): string {
  const { batchSize, rolloutSteps, mode, gpus } = config.recipe;
  const rows = dimensions.gridNodes! * batchSize * gpus;
  const { inputChannels, outputChannels } = config.model;
  const constants = bytesOfBuffer.reduce(
    (sum, bytes, buffer) => sum + (trace.bufferOrigin[buffer] === originCode.executable ? bytes : 0),
    0,
  );
  const inGiB = (bytes: number) => `${(bytes / GiB).toFixed(2)} GiB`;
  const said = codeBaseOf(config.model.layout).hostMemory;
  const steps = rolloutSteps === 1 ? 'one step' : `${rolloutSteps} steps`;
  const what = mode === 'train' ? 'inputs and targets' : 'inputs and predictions';
  return [
    `Host memory, at least: ${inGiB(constants)} of constants (graph, masks, basis), which tracing and compiling build there at least once`,
    `${inGiB(fp32Bytes * rows * (inputChannels + rolloutSteps * outputChannels))} of ${what} of ${steps}`,
    `${inGiB(fp32Bytes * numParameters)} of checkpoint. What compiling takes beside them is not known${said === undefined ? '' : `: ${said}`}.`,
  ].join('; ');
}
