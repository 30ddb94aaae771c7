/** The three answers as people read them. JSON keeps its kinds. */
export const verdictWords = {
  fits: 'fits',
  tight: 'may fit',
  exceeds: 'does not fit',
  unknown: 'no card named',
} as const;
