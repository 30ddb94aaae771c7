/** The answer in one line, its first words apart so that a format can stress them. */
export interface Answer {
  readonly tone: 'yes' | 'maybe' | 'no' | 'neutral';
  readonly head: string;
  readonly rest: string;
}
