/** The options that only `explain` has. */

import { choice, integer, type OwnOption, text } from '../options/definitions/definition.js';
import { parseOption } from '../options/option-values.js';
import type { Flags } from '../options/typed.js';

const stackings = ['category', 'module'] as const;
export type Stacking = (typeof stackings)[number];

const by: OwnOption = {
  name: 'by',
  syntax: 'category|module',
  value: choice(...stackings),
  help: 'What the timeline is stacked by; category by default.',
};

const top: OwnOption = {
  name: 'top',
  syntax: 'N',
  value: integer(1, 10_000, '10'),
  help: 'How many arrays to list, 10 by default.',
};

const snapshot: OwnOption = {
  name: 'snapshot',
  syntax: 'FILE',
  value: text('step.pickle'),
  help: 'Also write the step as a PyTorch memory snapshot, for https://pytorch.org/memory_viz.',
};

const perfetto: OwnOption = {
  name: 'perfetto',
  syntax: 'FILE',
  value: text('step.json'),
  help: 'Also write the step as a Chrome trace, for https://ui.perfetto.dev.',
};

const formats = ['table', 'json', 'html', 'svg'] as const;
const format: OwnOption = {
  name: 'format',
  syntax: formats.join('|'),
  value: choice(...formats),
  help: 'html: one page to hover over and zoom into; svg: the timeline alone.',
  group: 'report',
};

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
