import { defineConfig } from 'vitest/config';

/** By what a test needs; a file's name says its tier. `npm test` runs `unit` alone, what everyone runs while working. */
const tiers = {
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
  test: { ...shared, name, include, exclude },
});

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
