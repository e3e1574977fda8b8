/** Kills a committing process at random moments and looks at what it leaves. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { isAncestor } from '../../src/history/commits.ts'
import { parseObjectId } from '../../src/objects/id.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { author, temporaryWorkspace } from './temporary-workspace.ts'

const LOOP = fileURLToPath(new URL('./kill-loop.ts', import.meta.url))

/** @param kills - how many processes are started and killed, all in one workspace */
export async function killWhileCommitting(kills: number, seed: number): Promise<{ commits: number }> {
  const temporary = await temporaryWorkspace()
  const rng = createRng(seed)
  let commits = 0
  try {
    for (let round = 0; round < kills; round++) {
      const reported = await runAndKill(temporary.dir, seed * 1000 + round, rng.below(120))
      commits += reported.length
      await using workspace = await openWorkspace(temporary.dir)
      const head = workspace.refs.headCommit()
      const last = reported.at(-1)
      if (last) expect(await isAncestor(workspace.store.readLocal, parseObjectId(last), head!)).toBe(true)
      await verifyLocal(workspace, { full: round % 5 === 0 })
      // The next command works at once, and takes over what the dead process held.
      await add(workspace, { all: true })
      if ((await statusOf(workspace)).staged.length > 0) await commit(workspace, { message: 'after a kill', author })
      expect((await statusOf(workspace)).clean).toBe(true)
    }
    await using workspace = await openWorkspace(temporary.dir)
    await verifyLocal(workspace, { full: true })
    return { commits }
  } finally {
    await temporary.close()
  }
}

/** Kills the process some time after it has begun to work. Resolves to the commits it reported. */
async function runAndKill(dir: string, seed: number, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [LOOP, dir, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString()
  })
  child.stderr.on('data', (piece: Buffer) => {
    errors += piece.toString()
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended])
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  child.kill('SIGKILL')
  expect(await ended, errors).toBe('SIGKILL')
  return output.split('\n').filter((line) => line.length === 64)
}
