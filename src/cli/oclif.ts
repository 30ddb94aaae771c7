/** All that we use of oclif. The build puts the framework itself into this one file: its 100 small ones take 50 ms longer to load. */
export { string as textArgument } from '@oclif/core/args';
export { Command } from '@oclif/core/command';
export { Config } from '@oclif/core/config';
export { CLIError } from '@oclif/core/errors';
export { boolean as switchFlag, string as textFlag } from '@oclif/core/flags';
export { CommandHelp } from '@oclif/core/help';
export type { ArgInput, FlagInput } from '@oclif/core/interfaces';
