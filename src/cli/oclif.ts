/** All that we use of oclif: it formats help, and is loaded for that alone. */

export type { Command } from '@oclif/core/command';
export { Config } from '@oclif/core/config';
export { CommandHelp } from '@oclif/core/help';
