/** Kills a working ledger again and again, and checks what is left each time. */

import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url))

interface Ready {
  ready: true
  chainId: string
  checkpoint: number
}
interface Committed {
  digest: string
  checkpoint: number
}

/** When to kill: so many milliseconds after so many acknowledged transactions. */
interface Death {
  afterCommits: number
  delayMs: number
}

/** One life of the ledger: returns what it found, and what it acknowledged before SIGKILL. */
function live(dir: string, acknowledgedPath: string, death: Death): Promise<{ ready: Ready; committed: Committed[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, dir, acknowledgedPath], { stdio: ['ignore', 'pipe', 'pipe'] })
    let ready: Ready | undefined
    let dying = false
    let killed = false
    const committed: Committed[] = []
    const errors: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    createInterface({ input: child.stdout }).on('line', (line) => {
      // A kill may cut the last line short; what was not read whole was not acknowledged.
      if (!line.endsWith('}')) return
      const value = JSON.parse(line) as Ready | Committed
      if ('ready' in value) {
        ready = value
      } else committed.push(value)
      if (dying || committed.length < death.afterCommits) return
      dying = true
      setTimeout(() => {
        killed = true
        child.kill('SIGKILL')
      }, death.delayMs)
    })
    child.once('error', reject)
    child.once('close', () => {
      if (killed && ready) resolve({ ready, committed })
      else reject(new Error(`the ledger ended by itself: ${Buffer.concat(errors).toString()}`))
    })
  })
}

/** @returns how many transactions were acknowledged in all */
export async function killRepeatedly(rounds: number, seed: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'floe-crash-'))
  const acknowledgedPath = join(dir, 'acknowledged')
  const rng = createRng(seed)
  let chainId: string | undefined
  let acknowledged = 0
  let highest = 0
  try {
    for (let round = 0; round < rounds; round++) {
      const { ready, committed } = await live(join(dir, 'ledger'), acknowledgedPath, {
        afterCommits: rng.below(20),
        delayMs: rng.below(6),
      })
      chainId ??= ready.chainId
      expect(ready.chainId).toBe(chainId)
      expect(ready.checkpoint).toBeGreaterThanOrEqual(highest)
      highest = committed.at(-1)?.checkpoint ?? ready.checkpoint
      acknowledged += committed.length
      appendFileSync(acknowledgedPath, committed.map((item) => `${JSON.stringify(item)}\n`).join(''))
    }
    return acknowledged
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
