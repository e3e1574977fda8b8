/** Ends a test run with what did not run here, and with one plain line of counts that any tool can read. */

import { globSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) counts.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') counts[state]++
      }
    }
    const others = (suffix: string) => globSync(`test/**/*.${suffix}.ts`).length
    process.stdout.write(
      `not run by this command: ${others('interop')} files that need Python or a browser (npm run test:interop), ` +
        `${others('slow')} long sweeps (npm run test:slow)\n` +
        `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`,
    )
  }
}
