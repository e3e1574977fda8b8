import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startLedger } from '../../../src/localnet/ledger/index.ts'

const CHILD = fileURLToPath(new URL('./disk-full-child.ts', import.meta.url))
/** Room for genesis and some transactions more. */
const LIMIT_KIB = 300

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-full-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

// Windows has no such limit.
describe.skipIf(process.platform === 'win32')('a ledger without room to write', () => {
  it('refuses what it cannot store, keeps what it has, and goes on when there is room', async () => {
    const limited = `ulimit -f ${LIMIT_KIB}; exec "$0" "$@"`
    const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, CHILD, dir])
    const { codes, acknowledged, checkpoint } = JSON.parse(stdout)
    expect(codes).toEqual(['LEDGER_WRITE_FAILED', 'LEDGER_WRITE_FAILED', 'LEDGER_WRITE_FAILED'])
    expect(checkpoint).toBe(acknowledged)
    expect(statSync(join(dir, 'log-0')).size).toBeLessThanOrEqual(LIMIT_KIB * 1024)

    const warnings: Error[] = []
    const ledger = await startLedger({ dir, onWarning: (warning) => warnings.push(warning) })
    try {
      expect(Number(ledger.checkpoint)).toBe(checkpoint)
      await ledger.fund('0xa2', 5n)
      expect(Number(ledger.checkpoint)).toBe(checkpoint + 1)
      // Nothing half written was left behind.
      expect(warnings).toEqual([])
    } finally {
      await ledger.close()
    }
  })
})
