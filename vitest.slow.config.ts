import { defineConfig } from 'vitest/config'

/** Sweeps, long fuzzing and long fault schedules: hours allowed, run by hand before an issue is called resolved. */
export default defineConfig({
  // Examples import 'floe' as a user would; here that is the source, not a build.
  resolve: { conditions: ['floe-source'] },
  ssr: { resolve: { conditions: ['floe-source'] } },
  test: {
    include: ['test/**/*.slow.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
  },
})
