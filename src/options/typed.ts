/** What the user typed, each value parsed by its own definition. */
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
