/**
 * V8's compiled code of our modules, kept in the user's cache folder between runs: Node 22 and newer start a third faster. Node names the files
 * by its own version and by the module, and checks the module's text; where the folder cannot be written, the run goes on without.
 * `NODE_COMPILE_CACHE=FOLDER` puts it elsewhere, `NODE_DISABLE_COMPILE_CACHE=1` leaves it out. Loaded before everything else.
 */
import { mkdirSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export function keepCompiledCode(): void {
  const { enableCompileCache } = module as SinceNode22;
  if (enableCompileCache === undefined) return;
  const folder = cacheFolder();
  if (folder !== undefined && isThere(dirname(folder)) && isThere(folder)) enableCompileCache(folder);
}

/** Newer than the types of the oldest Node that we run on. */
interface SinceNode22 {
  readonly enableCompileCache?: (folder: string) => unknown;
}

function cacheFolder(): string | undefined {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  try {
    return join(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'gc-plan');
  } catch {
    // Neither HOME nor an entry in passwd.
    return undefined;
  }
}

/** Or has just been made. Node's own way of making folders never ends where the system says that an existing one is missing (/proc). */
function isThere(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST';
  }
}
