import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The suite of `npm test`: needs Node and npm alone. Slow sweeps are `*.slow.ts`, interop is `*.interop.ts`. */
export default defineConfig({
  // Examples import 'floe' as a user would; here that is the source, not a build.
  resolve: { conditions: ['floe-source'] },
  ssr: { resolve: { conditions: ['floe-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    // Ends what hangs, and says nothing about speed: the slowest test takes 20 s on a usual machine, and on one that
    // is eight times slower none may fail for it. So no test has a limit of its own.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
    // Files share a process and its modules: reading them anew for each file took a quarter of the time. What a test
    // changes outside its own objects (environment, folders, servers) it puts back itself.
    isolate: false,
    // Of processes that tests start from the sources: without it each strips the types of some hundred modules.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url)) },
    setupFiles: [],
    reporters: ['default', './test/closing-line.ts'],
  },
})
