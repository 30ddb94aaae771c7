/** The options that only `explain` has. */
import { parseOption } from '../config/option-values.js';
import type { OptionDefinition } from '../config/options/definition.js';
import type { Flags } from '../config/typed.js';

type Definition = Pick<OptionDefinition, 'name' | 'syntax' | 'help' | 'value'> & { readonly group?: string };

const stackings = ['category', 'module'] as const;
export type Stacking = (typeof stackings)[number];

const by = {
  name: 'by',
  syntax: 'category|module',
  value: { kind: 'choice', choices: stackings },
  help: 'What the timeline is stacked by; category by default.',
} as const satisfies Definition;

const top = {
  name: 'top',
  syntax: 'N',
  value: { kind: 'integer', range: { minimum: 1, maximum: 10_000, example: '10' } },
  help: 'How many arrays to list, 10 by default.',
} as const satisfies Definition;

const snapshot = {
  name: 'snapshot',
  syntax: 'FILE',
  value: { kind: 'text', example: 'step.pickle' },
  help: 'Also write the step as a PyTorch memory snapshot, for https://pytorch.org/memory_viz.',
} as const satisfies Definition;

const perfetto = {
  name: 'perfetto',
  syntax: 'FILE',
  value: { kind: 'text', example: 'step.json' },
  help: 'Also write the step as a Chrome trace, for https://ui.perfetto.dev.',
} as const satisfies Definition;

const formats = ['table', 'json', 'html', 'svg'] as const;
const format = {
  name: 'format',
  syntax: formats.join('|'),
  value: { kind: 'choice', choices: formats },
  help: 'html: one page to hover over and zoom into; svg: the timeline alone.',
  group: 'report',
} as const satisfies Definition;

export const explainOptions = [by, top, snapshot, perfetto, format];

export interface ExplainOptions {
  readonly by: Stacking;
  readonly top: number;
  readonly snapshot?: string;
  readonly perfetto?: string;
}

export function parseExplainOptions(flags: Flags): { readonly own: ExplainOptions; readonly shared: Flags } {
  const { by: typedBy, top: typedTop, snapshot: snapshotFile, perfetto: perfettoFile, ...shared } = flags;
  return {
    own: {
      by: typedBy === undefined ? 'category' : (parseOption(by, typedBy) as Stacking),
      top: typedTop === undefined ? 10 : (parseOption(top, typedTop) as number),
      ...(snapshotFile !== undefined && { snapshot: String(parseOption(snapshot, snapshotFile)) }),
      ...(perfettoFile !== undefined && { perfetto: String(parseOption(perfetto, perfettoFile)) }),
    },
    shared,
  };
}
