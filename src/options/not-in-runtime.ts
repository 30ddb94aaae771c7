import { orList } from '../config/nearest.js';
import type { RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { labelOf } from '../runtimes/traits.js';

/** A typed option of another runtime. */
export function notInRuntime(
  option: string,
  value: string,
  runtime: RuntimeName,
  has: readonly string[],
  where: readonly RuntimeName[],
): InputError {
  const label = labelOf(runtime);
  const message = has.length
    ? `--${option} ${value}: ${label} has ${orList(has)} only.`
    : `--${option}: ${label} has no such option.`;
  return new InputError('not-in-runtime', message, [
    ...(has.length ? [`--${option} ${has[0]}`] : [`Leave --${option} out.`]),
    ...where.map((other) => `--runtime ${other}`),
  ]);
}
