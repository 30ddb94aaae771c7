/** Apart from the exporters: a command line lists them without loading a YAML library. */
export const codeBaseNames = ['deepmind', 'physicsnemo', 'anemoi', 'neural-lam'] as const;
export type CodeBaseName = (typeof codeBaseNames)[number];
