import { defineConfig } from 'vitest/config';

/** By what a test needs; a file's name says its tier. `npm test` runs `unit` and `alone`, what everyone runs while working. */
const tiers = {
  /** Changes for good what the modules of `src/` hold: the next file must not find it. */
  alone: ['tests/**/*.alone.test.ts'],
  /** Ground truth that gc-plan did not make: traced, compiled and counted steps. */
  records: ['tests/runtimes/**/*.test.ts', 'tests/validate/**/*.test.ts', 'tests/**/*.records.test.ts'],
  /** Every candidate, every plan, many draws, real training steps in this process. */
  exhaustive: ['tests/**/*.exhaustive.test.ts'],
  /** Processes of their own, on `dist/`: `npm run build` first. */
  processes: ['tests/**/*.process.test.ts'],
  browser: ['tests/**/*.browser.test.ts'],
};

const shared = {
  testTimeout: 600_000,
  hookTimeout: 600_000,
  disableConsoleIntercept: true,
  setupFiles: ['tests/seed.ts'],
};
const project = (name: string, include: string[], exclude: string[] = []) => ({
  test: { ...shared, name, include, exclude, isolate: !sharesModules.includes(name) },
});
/** Their files import `src/` once per worker, not once each: two fifths of the time of `unit`. */
const sharesModules = ['unit', 'records'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: ['tests/print-seed.ts', 'tests/own-temporary-folder.ts'],
    projects: [
      project('unit', ['tests/**/*.test.ts'], Object.values(tiers).flat()),
      ...Object.entries(tiers).map(([name, include]) => project(name, include)),
    ],
  },
});
