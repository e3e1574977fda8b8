import { defineConfig } from 'vitest/config'

/** Tests that need Python or a browser; `.ci/interop` installs what they use. */
export default defineConfig({
  // Examples import 'floe' as a user would; here that is the source, not a build.
  resolve: { conditions: ['floe-source'] },
  ssr: { resolve: { conditions: ['floe-source'] } },
  test: { include: ['test/**/*.interop.ts'], testTimeout: 900_000, hookTimeout: 900_000, pool: 'forks', maxWorkers: 1 },
})
