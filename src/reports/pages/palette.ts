/** The colours of every page: blue and orange, told apart by everybody, on white and on black. Verdicts have a mark too. */

/** What stays on the card is blue, what a step makes is orange, what lies around it is grey. */
export const partColours = {
  parameters: '#1f5fbf',
  gradients: '#5b94e6',
  optimizer: '#a9c9f5',
  inputs: '#98a2ac',
  activations: '#c25e00',
  temporary: '#f0a04b',
  allocator: '#6b7783',
  'context, libraries': '#bcc4cc',
} as const;

/** For what has no colour of its own, such as modules. */
export const palette: readonly string[] = Object.values(partColours);

/** Dark enough for white text. */
export const verdictColours = { fits: '#1f5fbf', tight: '#75662f', exceeds: '#b34700', unknown: '#5f6b76' } as const;
export const verdictMarks = { fits: '✓', tight: '≈', exceeds: '✗', unknown: '' } as const;
