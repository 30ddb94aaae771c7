/** Every command, in the order in which a newcomer meets them. Loaded one at a time: a run pays for its own command only. */
const commands = {
  estimate: async () => (await import('./commands/estimate.js')).default,
  sweep: async () => (await import('./commands/sweep.js')).default,
  advise: async () => (await import('./commands/advise.js')).default,
  solve: async () => (await import('./commands/solve.js')).default,
  open: async () => (await import('./commands/open.js')).default,
  compare: async () => (await import('./commands/compare.js')).default,
  cards: async () => (await import('./commands/cards.js')).default,
  verify: async () => (await import('./commands/verify.js')).default,
  explain: async () => (await import('./commands/explain.js')).default,
  capture: async () => (await import('./commands/capture.js')).default,
  grow: async () => (await import('./commands/grow.js')).default,
  check: async () => (await import('./commands/check.js')).default,
  validate: async () => (await import('./commands/validate.js')).default,
  init: async () => (await import('./commands/init.js')).default,
  profiles: async () => (await import('./commands/profiles.js')).default,
  completion: async () => (await import('./commands/completion.js')).default,
};

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as readonly CommandName[];
export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commands, name);

export const loadCommand = (name: CommandName) => commands[name]();
