import { defineConfig } from 'vitest/config'

/** Sweeps, long fuzzing and long fault schedules: hours allowed, run by hand before an issue is called resolved. */
export default defineConfig({
  test: {
    include: ['test/**/*.slow.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
  },
})
