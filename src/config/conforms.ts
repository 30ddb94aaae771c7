/** A schema as a plain check: zod says what is wrong with a value, and needs twenty times as long to say that nothing is. */
import type { core } from 'zod';

type Test = (value: unknown) => boolean;

/**
 * True exactly where `schema.safeParse` succeeds, of schemas that change nothing: objects that are strict, arrays, records, unions, strings,
 * numbers, enums. Numbers are what JSON holds.
 *
 * @throws Error on a kind of schema or of check that it does not know.
 */
export function conforms(schema: core.$ZodType): Test {
  const { def } = (schema as core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return ofObject(def);
    case 'array': {
      const [element, rest] = [conforms(def.element), checksOf(def)];
      // `every` would hand the element its index too.
      return (value) => Array.isArray(value) && rest(value) && value.every((each) => element(each));
    }
    case 'record': {
      const [key, row] = [conforms(def.keyType), conforms(def.valueType)];
      return (value) => isObject(value) && Object.keys(value).every((each) => key(each) && row(value[each]));
    }
    case 'union': {
      const options = def.options.map(conforms);
      return (value) => options.some((option) => option(value));
    }
    case 'string': {
      const rest = checksOf(def);
      return (value) => typeof value === 'string' && rest(value);
    }
    case 'number': {
      const rest = checksOf(def);
      if (!('format' in def)) return (value) => Number.isFinite(value) && rest(value);
      if (def.format !== 'safeint') throw new Error(`no plain check of ${def.format}`);
      return (value) => Number.isSafeInteger(value) && rest(value);
    }
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'literal':
      return oneOf(def.values);
    case 'enum':
      return oneOf(Object.values(def.entries));
    default:
      throw new Error(`no plain check of ${def.type}`);
  }
}

type Keys = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Keys =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const oneOf = (values: readonly unknown[]): Test => {
  const all = new Set(values);
  return (value) => all.has(value);
};

function ofObject({ shape, catchall }: core.$ZodObjectDef): Test {
  if ((catchall as core.$ZodTypes | undefined)?._zod.def.type !== 'never')
    throw new Error('no plain check of an open object');
  const tests = new Map(Object.entries(shape).map(([key, schema]) => [key, conformsIfThere(schema)]));
  return (value) =>
    isObject(value) &&
    Object.keys(value).every((key) => tests.has(key)) &&
    [...tests].every(([key, { test, isOptional }]) => (Object.hasOwn(value, key) ? test(value[key]) : isOptional));
}

/** Of `exactOptional`: a key that is there has a value. */
function conformsIfThere(schema: core.$ZodType): { readonly test: Test; readonly isOptional: boolean } {
  const { def } = (schema as core.$ZodTypes)._zod;
  return def.type === 'optional'
    ? { test: conforms(def.innerType), isOptional: true }
    : { test: conforms(schema), isOptional: false };
}

function checksOf({ checks = [] }: core.$ZodTypeDef): Test {
  const tests = checks.map((check) => checkOf(check as unknown as core.$ZodChecks));
  const [only] = tests;
  return tests.length === 1 ? only! : (value) => tests.every((test) => test(value));
}

/** Of a value whose type was looked at before. */
function checkOf(check: core.$ZodChecks): Test {
  const { def } = check._zod;
  if (def.check === 'max_length') return (value) => (value as string | readonly unknown[]).length <= def.maximum;
  if (def.check !== 'greater_than' && def.check !== 'less_than') throw new Error(`no plain check of ${def.check}`);
  if (!def.inclusive) throw new Error('no plain check of an open limit');
  const limit = Number(def.value);
  return def.check === 'less_than' ? (value) => (value as number) <= limit : (value) => (value as number) >= limit;
}
