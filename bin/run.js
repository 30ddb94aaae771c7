#!/usr/bin/env node
/**
 * V8's compiled code of our modules, kept in the user's cache folder between runs: Node 22 and newer start a third faster. Node names the files
 * by its own version and by the module, and checks the module's text; where the folder cannot be written, the run goes on without.
 * `NODE_COMPILE_CACHE=FOLDER` puts it elsewhere, `NODE_DISABLE_COMPILE_CACHE=1` leaves it out.
 */
const { mkdirSync } = process.getBuiltinModule('node:fs');
const { enableCompileCache } = process.getBuiltinModule('node:module');
const { homedir } = process.getBuiltinModule('node:os');
const { dirname, join } = process.getBuiltinModule('node:path');

/** Of bytecode that a function runs before it is optimized; V8 itself asks for 66 KiB. An estimate, its suggestion included, ends within a second. */
const bytesBeforeOptimization = (process.argv[2] === 'estimate' ? 4 : 1) * 1024 * 1024;

if (enableCompileCache === undefined) {
  // Before Node 22 V8 has no compiler between its quick and its thorough one, and the thorough one took half the CPU of a search of a second.
  process.getBuiltinModule('node:v8').setFlagsFromString(`--interrupt-budget=${bytesBeforeOptimization}`);
} else {
  const folder = cacheFolder();
  if (folder !== undefined && isThere(dirname(folder)) && isThere(folder)) enableCompileCache(folder);
}
const { main } = await import('../dist/cli/main.js');
await main();

function cacheFolder() {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  try {
    return join(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'gc-plan');
  } catch {
    // Neither HOME nor an entry in passwd.
    return undefined;
  }
}

/** Or has just been made. Node's own way of making folders never ends where the system says that an existing one is missing (/proc). */
function isThere(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    return error.code === 'EEXIST';
  }
}
