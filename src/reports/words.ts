/** The three answers as people read them. JSON keeps its kinds. */
export const verdictWords = {
  fits: 'fits',
  tight: 'may fit',
  exceeds: 'does not fit',
  unknown: 'no card named',
} as const;

/** A module as people read it: `inputs` is a kind of array already, and this part holds what goes in and what comes out. */
export const partName = (module: string): string => (module === 'inputs' ? 'data' : module);
