/** What the user typed, each value parsed by its own definition, and the answer where the runtime lacks it. */
import { orList } from '../config/nearest.js';
import type { RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { labelOf } from '../runtimes/traits.js';
import { findOption, type ParsedValue, parseOption } from './option-values.js';

/** Flag names without dashes; undefined where a flag was not given. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export class Typed {
  private readonly values = new Map<string, ParsedValue>();

  constructor(flags: Flags) {
    for (const [name, value] of Object.entries(flags)) {
      const definition = findOption(name);
      if (value !== undefined) this.values.set(name, parseOption(definition, value));
    }
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  get(name: string): ParsedValue | undefined {
    return this.values.get(name);
  }

  number(name: string): number | undefined {
    return this.values.get(name) as number | undefined;
  }

  text(name: string): string | undefined {
    return this.values.get(name) as string | undefined;
  }

  isOn(name: string): boolean | undefined {
    return this.values.get(name) as boolean | undefined;
  }
}

/** A typed option of another runtime. `has`: its values in this one; `where`: the runtimes that have what was typed. */
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
