import { homedir, tmpdir, userInfo } from 'node:os';
import { assetFile } from '../config/assets.js';

/** oclif's formatter of help, and the configuration that it wants. */
export const loadFramework = () =>
  withHomeAndShell(async () => {
    const { CommandHelp, Config } = await import('./oclif.js');
    return { CommandHelp, config: await Config.load({ root: assetFile('..') }) };
  });

/**
 * oclif looks up the user's home and shell, for what we do not use. A user without an entry in passwd (a container's `--user 12345`)
 * has neither, and the look-up throws, at import already: stand-ins are in the environment while it loads.
 */
async function withHomeAndShell<Value>(load: () => Promise<Value>): Promise<Value> {
  const standIns = [
    ['HOME', homedir, tmpdir()],
    ['SHELL', userInfo, 'sh'],
  ] as const;
  const missing = standIns.filter(([name, lookUp]) => process.env[name] === undefined && !succeeds(lookUp));
  for (const [name, , value] of missing) process.env[name] = value;
  try {
    return await load();
  } finally {
    for (const [name] of missing) delete process.env[name];
  }
}

function succeeds(lookUp: () => unknown): boolean {
  try {
    lookUp();
    return true;
  } catch {
    return false;
  }
}
