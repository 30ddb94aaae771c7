/**
 * Writes python/src/gc_plan/_reports.py: a dataclass for every object of a report, from schemas/*.json, and the keywords that a
 * configuration takes, from the table of options. `--check` compares instead. Needs `npm run build`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allOptions } from '../dist/options/definitions/shared.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const file = 'python/src/gc_plan/_reports.py';

/** Class by schema; of two, the second is of a step that was recorded. */
const reports = {
  estimate: ['Estimate', 'RecordedEstimate'],
  sweep: ['Sweep'],
  solve: ['Solution'],
  advise: ['Advice', 'RecordedAdvice'],
  compare: ['Comparison'],
  cards: ['Cards'],
  explain: ['Explanation'],
  check: ['Check'],
  capture: ['Capture'],
};
/** Words of Python, and what the classes of a report have already. */
const taken = new Set(['for', 'import', 'from', 'all', 'to_dict']);

const snake = (name) =>
  name
    .replace('GBps', 'Gbps')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
const attribute = (name) => (taken.has(snake(name)) && name !== 'all' ? `${snake(name)}_` : snake(name));
const pascal = (name) => snake(name).replace(/(^|_)([a-z0-9])/g, (_, __, letter) => letter.toUpperCase());
const text = (value) => JSON.stringify(value);
const docstring = (value) => `"""${value.replaceAll('\\', '\\\\').replaceAll('"', "'")}"""`;

/** Without what is said of it: two objects of the same keys are one class. */
const shape = (schema) =>
  JSON.stringify(schema, (key, value) => (key === 'description' && typeof value === 'string' ? undefined : value));

const names = new Map();
const used = new Set(Object.values(reports).flat());
const classes = [];
const unions = [];

function nameOf(schema, path) {
  const own = path.slice(-1).map(pascal).join('');
  for (let from = path.length - 1; from >= 0; from--) {
    const name = path.slice(from).map(pascal).join('');
    if (!used.has(name)) return used.add(name) && name;
  }
  throw new Error(`no name is left for ${own} in ${path.join('.')}: ${shape(schema)}`);
}

const plainTypes = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' };
const isObject = (schema) => schema.type === 'object' && schema.properties !== undefined;
const isNull = (schema) => schema.type === 'null';

/** The Python type of a schema, and how it is read: `read(x)` is an expression that gives it from the JSON in the variable x. */
function typeOf(schema, path) {
  const key = shape(schema);
  if (Object.keys(schema).length === 0) return { type: 'object', isPlain: true };
  if (schema.const !== undefined) return { type: `Literal[${text(schema.const)}]`, isPlain: true };
  if (schema.enum) return { type: `Literal[${schema.enum.map(text).join(', ')}]`, isPlain: true };
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return unionOf(alternatives, path, key);
  if (isObject(schema)) return classOf(schema, path, key);
  if (schema.type === 'array') {
    const item = typeOf(schema.items, path);
    const read = (x) => (item.isPlain ? `tuple(${x})` : `tuple(${item.read('each')} for each in ${x})`);
    return { type: `tuple[${item.type}, ...]`, read };
  }
  if (schema.type === 'object') {
    const value = typeOf(schema.additionalProperties, path);
    const read = (x) => `{name: ${value.read('each')} for name, each in ${x}.items()}`;
    return { type: `Mapping[str, ${value.type}]`, ...(value.isPlain ? { isPlain: true } : { read }) };
  }
  const plain = [schema.type].flat().map((type) => plainTypes[type]);
  if (plain.includes(undefined)) throw new Error(`${path.join('.')}: no type for ${key}`);
  return { type: plain.join(' | '), isPlain: true };
}

function unionOf(alternatives, path, key) {
  const others = alternatives.filter((each) => !isNull(each));
  const nullable = others.length < alternatives.length;
  if (others.length === 1) {
    const inner = typeOf(others[0], path);
    const read = (x) => `None if ${x} is None else ${inner.read(x)}`;
    return { type: `${inner.type} | None`, ...(inner.isPlain ? { isPlain: true } : { read }) };
  }
  if (nullable) throw new Error(`${path.join('.')}: one of several or null`);
  if (!others.every(isObject)) {
    const members = others.map((each) => typeOf(each, path));
    if (!members.every((each) => each.isPlain)) throw new Error(`${path.join('.')}: a mixed union`);
    return { type: [...new Set(members.map(({ type }) => type))].join(' | '), isPlain: true };
  }
  if (!names.has(key)) {
    const name = nameOf({}, path);
    names.set(key, name);
    // Of a key that all have, no two may have the same value.
    const tag = Object.keys(others[0].properties).find((each) => {
      const values = others.map(({ properties }) => properties[each]?.enum ?? [properties[each]?.const].flat());
      return values.every(([value]) => value !== undefined) && new Set(values.flat()).size === values.flat().length;
    });
    const members = others.map((each) => {
      const variant =
        tag === undefined ? '' : pascal(each.properties[tag].const ?? each.properties[tag].enum.join('-or-'));
      return { each, name: typeOf(each, [...path.slice(0, -1), `${path.at(-1)}-${variant}`]).type };
    });
    unions.push({ name, tag, members });
    classes.push({ union: unions.at(-1) });
  }
  const name = names.get(key);
  return { type: name, read: (x) => `_${snake(name)}(${x})` };
}

function classOf(schema, path, key) {
  if (!names.has(key)) {
    const name = path.length === 1 && path[0].startsWith('=') ? path[0].slice(1) : nameOf(schema, path);
    names.set(key, name);
    const required = new Set(schema.required);
    const inside = path[0].startsWith('=') ? [path[0].slice(1)] : path;
    const fields = Object.entries(schema.properties).map(([json, value]) => ({
      json,
      name: attribute(json),
      isRequired: required.has(json),
      description: value.description,
      ...typeOf(value, [...inside, json]),
    }));
    classes.push({ name, fields, description: schema.description, isReport: path[0] === `=${name}` });
  }
  const name = names.get(key);
  return { type: name, read: (x) => `${name}._of(${x})` };
}

function fieldText({ name, type, isRequired, description }) {
  const declared = isRequired
    ? `${name}: ${type}`
    : `${name}: ${type.endsWith('| None') ? type : `${type} | None`} = None`;
  return [`  ${declared}`, ...(description ? [`  ${docstring(description)}`] : [])].join('\n');
}

function readText({ name, json, isRequired, isPlain, read }) {
  const at = `json[${text(json)}]`;
  if (isRequired) return `${name}=${isPlain ? at : read(at)}`;
  return `${name}=${isPlain ? `json.get(${text(json)})` : `${read(at)} if ${text(json)} in json else None`}`;
}

function classText({ name, fields, description, isReport }) {
  const bases = isReport ? '(Report)' : '';
  return [
    isReport ? '@dataclass(frozen=True, kw_only=True, repr=False)' : '@dataclass(frozen=True, kw_only=True)',
    `class ${name}${bases}:`,
    // What is said of another object belongs to the key that holds it.
    ...(isReport && description ? [`  ${docstring(description)}\n`] : []),
    ...fields.map(fieldText),
    '',
    '  @classmethod',
    `  def _of(cls, json: Json${isReport ? ', command: str' : ''}) -> ${name}:`,
    `    return cls(${[...(isReport ? ['_json=json, _command=command'] : []), ...fields.map(readText)].join(', ')})`,
  ].join('\n');
}

/** By the key that tells them apart, or by the keys that only one of them has. */
function unionText({ name, tag, members }) {
  const lines = members.map(({ each, name: member }, index) => {
    if (index === members.length - 1) return `  return ${member}._of(json)`;
    if (tag !== undefined) {
      const values = each.properties[tag].enum ?? [each.properties[tag].const];
      return `  if json[${text(tag)}] in (${values.map(text).join(', ')},):\n    return ${member}._of(json)`;
    }
    const later = members.slice(index + 1);
    const own = each.required.find((required) => later.every((other) => !(required in other.each.properties)));
    if (own === undefined) throw new Error(`${name}: no key tells its members apart`);
    return `  if ${text(own)} in json:\n    return ${member}._of(json)`;
  });
  const type = members.map(({ name: member }) => member).join(', ');
  return `${name} = Union[${type}]\n\n\ndef _${snake(name)}(json: Json) -> ${name}:\n${lines.join('\n')}`;
}

for (const [report, [name, recorded]] of Object.entries(reports)) {
  const schema = JSON.parse(readFileSync(`schemas/${report}@1.json`, 'utf8'));
  const members = schema.anyOf ?? [schema];
  [name, recorded].slice(0, members.length).forEach((each, index) => {
    const { description = schema.description, ...member } = members[index];
    typeOf({ ...member, description }, [`=${each}`]);
  });
}

function optionType({ value }) {
  switch (value.kind) {
    case 'integer':
      return 'int | str';
    case 'decimal':
      return 'float | str';
    case 'choice': {
      const numbers = value.choices.filter((choice) => /^\d+$/.test(choice));
      return `Literal[${[...value.choices.map(text), ...numbers].join(', ')}]`;
    }
    case 'text':
      return 'str | float | PathLike[str]';
    default:
      return 'bool';
  }
}

function optionsText(name, description, typeFor) {
  const options = allOptions().filter(({ group }) => group !== 'report');
  const fields = options.map(
    (option) => `  ${attribute(option.name)}: ${typeFor(option)}\n  ${docstring(option.help)}`,
  );
  return `class ${name}(TypedDict, total=False):\n  ${docstring(description)}\n\n${fields.join('\n')}`;
}

const written = [
  '"""Reports as dataclasses. Written by scripts/python-types.mjs from schemas/*.json: change those, not this file."""',
  '',
  'from __future__ import annotations',
  '',
  'from collections.abc import Mapping, Sequence',
  'from dataclasses import dataclass',
  'from os import PathLike',
  'from typing import Literal, TypedDict, TypeVar, Union',
  '',
  'from ._report import Json, Report',
  '',
  'Value = TypeVar("Value")',
  'Lists = Union[Value, Sequence[Value], str, None]',
  '',
  '',
  classes.map((each) => (each.union ? unionText(each.union) : classText(each))).join('\n\n\n'),
  '',
  '',
  optionsText(
    'Options',
    'What one configuration is made of: the flags of gc-plan, in snake_case.',
    (option) => `${optionType(option)} | None`,
  ),
  '',
  '',
  optionsText(
    'OptionLists',
    'As Options; each may be several values, or a text such as "4..16:4".',
    (option) => `Lists[${optionType(option)}]`,
  ),
  '',
].join('\n');

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== written) {
    console.error(`${file} is not what the schemas say: node scripts/python-types.mjs`);
    process.exitCode = 1;
  }
} else writeFileSync(file, written);
console.error(`${classes.length} classes`);
