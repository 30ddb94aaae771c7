/** Where a run of the command line reads its surroundings from, so that a test can be one. */
export interface Sink {
  write(text: string): void;
  /** Width of the terminal; absent where there is none. */
  readonly columns?: number | undefined;
  readonly isTTY?: boolean | undefined;
}

export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Of a command that serves: waits for Ctrl-C, which is then how it ends well. Absent where nobody could press it. */
  readonly untilInterrupted?: () => Promise<void>;
}

const defaultColumns = 100;

/** Width to lay a report out for: the terminal's, else `COLUMNS`, else 100. */
export function columnsOf(io: Io): number {
  const columns = io.stdout.columns ?? Number(io.env.COLUMNS);
  return Number.isInteger(columns) && columns >= 40 ? columns : defaultColumns;
}

/** https://no-color.org and https://force-color.org: a non-empty value decides; otherwise a terminal has colour. */
export function hasColour(io: Io): boolean {
  if (io.env.NO_COLOR) return false;
  const force = io.env.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return io.stdout.isTTY === true && io.env.TERM !== 'dumb';
}

/** Today in UTC, or the day of `SOURCE_DATE_EPOCH`, with which a build gives the same file twice (https://reproducible-builds.org). */
export function dayOf({ env }: Pick<Io, 'env'>): string {
  const seconds = Number(env.SOURCE_DATE_EPOCH || Number.NaN);
  const time = Number.isFinite(seconds) && Math.abs(seconds) < 8e12 ? new Date(seconds * 1_000) : new Date();
  return time.toISOString().slice(0, 10);
}
