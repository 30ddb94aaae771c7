/** Pages of reference are written from what they describe; a test keeps them so. */
import { describe, expect, it } from 'vitest';
import { commandNames } from '../../src/cli/command-table.js';
import { commandHelp } from '../../src/cli/help.js';
import { publishedSchemas } from '../../src/reports/published-schemas.js';
import { reflowed } from './prose.js';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
}

function typeOf(schema: JsonSchema): string {
  const { type, const: value, enum: choices, items, anyOf, oneOf } = schema;
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(' · ');
  if (items !== undefined) return `list of ${typeOf(items)}`;
  const options = anyOf ?? oneOf;
  if (options !== undefined) return [...new Set(options.map(typeOf))].join(' or ');
  return String(type ?? 'any');
}

/** Every key with its path; a list's items are `[]`. */
function rowsOf(schema: JsonSchema, path: string): readonly string[] {
  if (schema.items) return rowsOf(schema.items, `${path}[]`);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.flatMap((option) => rowsOf(option, path)))];
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const optional = schema.required?.includes(key) ? '' : ' (may be absent)';
    const cell = (text: string) => text.replaceAll('|', '\\|');
    return [
      `| \`${name}\` | ${cell(typeOf(value))}${optional} | ${cell(value.description ?? '')} |`,
      ...rowsOf(value, name),
    ];
  });
}

const jsonPage = (): string =>
  [
    '# JSON reference',
    '',
    'Written from the schemas (`schemas/*.json` in the package, JSON Schema 2020-12) by a test. Under `--json` stdout holds one of these documents and nothing',
    'else. Bytes are integers; a change of meaning raises the number after `@`.',
    ...Object.entries(publishedSchemas()).flatMap(([name, schema]) => [
      '',
      `## ${name}`,
      '',
      String((schema as JsonSchema).description ?? ''),
      '',
      '| key | value | meaning |',
      '|---|---|---|',
      ...rowsOf(schema as JsonSchema, ''),
    ]),
    '',
  ].join('\n');

async function cliPage(): Promise<string> {
  const pages = await Promise.all(
    commandNames.map(async (name) => [
      '',
      `## gc-plan ${name}`,
      '',
      '```',
      (await commandHelp(name, true)).trimEnd(),
      '```',
    ]),
  );
  return [
    '# Commands',
    '',
    'Written from the commands by a test; the same as `gc-plan COMMAND --help-all`.',
    ...pages.flat(),
    '',
  ].join('\n');
}

describe('the pages of reference', () => {
  it('writes docs/cli.md as it is committed', async () => {
    await expect(await cliPage()).toMatchFileSnapshot('../../docs/cli.md');
  });

  it('writes docs/json.md as it is committed', async () => {
    await expect(reflowed(jsonPage())).toMatchFileSnapshot('../../docs/json.md');
  });

  it.each(commandNames)('gives gc-plan %s three examples or more, with flags that it has', async (name) => {
    const { loadCommand } = await import('../../src/cli/command-table.js');
    const { examples, flags } = await loadCommand(name);
    expect(examples.length).toBeGreaterThanOrEqual(3);
    for (const example of examples) {
      expect(example).toMatch(new RegExp(`^gc-plan ${name}( |$)`));
      for (const [, flag] of String(example).matchAll(/ --(?:no-)?([a-z-]+)/g))
        expect(Object.keys(flags)).toContain(flag);
    }
  });
});
