/** The zod schema of an option's value: in a profile file within the option's limits, in a report as the key that it sets. */
import { z } from 'zod';
import type { OptionValue, ValueOf } from './option-value.js';

interface Described<Value extends OptionValue = OptionValue> {
  readonly value: Value;
  readonly help: string;
}
type Table = Readonly<Record<string, Described>>;

type Typed<Options extends Table> = { [Key in keyof Options]: z.ZodType<ValueOf<Options[Key]['value']>> };
type Optional<Options extends Table> = { [Key in keyof Options]: z.ZodOptional<Typed<Options>[Key]> };

function valueInFile(value: OptionValue): z.ZodType {
  switch (value.kind) {
    case 'integer':
      return z.int().min(value.range.minimum).max(value.range.maximum);
    case 'decimal':
      return z.number().positive().max(value.range.maximum);
    case 'choice':
      return z.enum(value.choices);
    case 'switch':
      return z.boolean();
    case 'text':
      return z.string().min(1).max(200);
  }
}

/** Limits may move without a new version of a report. */
function valueInReport(value: OptionValue): z.ZodType {
  switch (value.kind) {
    case 'integer':
      return value.range.minimum === 0 ? z.int().nonnegative() : z.int().positive();
    case 'decimal':
      return z.number().positive();
    default:
      return valueInFile(value);
  }
}

const mapped = (options: Table, schemaOf: (option: Described) => z.ZodType) =>
  Object.fromEntries(Object.entries(options).map(([key, option]) => [key, schemaOf(option)])) as never;

export const keysOfFile = <const Options extends Table>(options: Options): Typed<Options> =>
  mapped(options, ({ value }) => valueInFile(value));

export const optionalKeysOfFile = <const Options extends Table>(options: Options): Optional<Options> =>
  mapped(options, ({ value }) => valueInFile(value).optional());

export const keysOfReport = <const Options extends Table>(options: Options): Typed<Options> =>
  mapped(options, ({ value, help }) => valueInReport(value).describe(help));
