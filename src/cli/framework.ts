import { fileURLToPath } from 'node:url';
import { Config } from './oclif.js';

let config: Promise<Config> | undefined;

/** oclif's own configuration: it parses and formats help from it. Read once per process. */
export function frameworkConfig(): Promise<Config> {
  config ??= Config.load({ root: fileURLToPath(new URL('../..', import.meta.url)) });
  return config;
}
