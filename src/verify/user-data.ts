/** Where we keep what belongs to this user: the ledger, and backends that were installed. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `XDG_DATA_HOME/gc-plan/…`, on Windows `LOCALAPPDATA`. undefined: this user has no home. */
export function userDataFile(
  file: string,
  env: Environment = process.env,
  home: () => string = homedir,
): string | undefined {
  const { XDG_DATA_HOME, LOCALAPPDATA } = env;
  const data = XDG_DATA_HOME || LOCALAPPDATA || homeData(home);
  return data && join(data, 'gc-plan', file);
}

function homeData(home: () => string): string | undefined {
  try {
    return join(home(), '.local', 'share');
  } catch {
    // Neither HOME nor an entry in passwd.
    return undefined;
  }
}
