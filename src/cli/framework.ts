import { homedir, tmpdir, userInfo } from 'node:os';
import { assetFile } from '../config/assets.js';
import type { Config } from './oclif.js';

let config: Promise<Config> | undefined;

/** oclif's own configuration: it parses and formats help from it. Read once per process, before anything else imports oclif. */
export function frameworkConfig(): Promise<Config> {
  config ??= withHomeAndShell(async () => {
    const { Config } = await import('./oclif.js');
    return Config.load({ root: assetFile('..') });
  });
  return config;
}

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
