/** Kills a committing process at random moments and looks at what it leaves. */

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
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
const FIRST = fileURLToPath(new URL('./kill-first-child.ts', import.meta.url))

/** @param kills - how many processes are started and killed, all in one workspace
 *  @param largeBytes - of large files in each commit (default none) */
export async function killWhileCommitting(
  kills: number,
  seed: number,
  largeBytes = 0,
): Promise<{ commits: number; leftovers: number }> {
  const temporary = await temporaryWorkspace()
  const rng = createRng(seed)
  let commits = 0
  /** Unfinished files that were found in `tmp/`. */
  let leftovers = 0
  // How long two commits take here and now: the first process may finish them, the others are killed within that time.
  let spanMs = 0
  try {
    for (let round = 0; round < kills; round++) {
      const killWhen = round === 0 ? { commits: 2 } : { afterMs: rng.nextFloat() * spanMs }
      const { reported, workedMs } = await runAndKill(
        [LOOP, temporary.dir, String(seed * 1000 + round), String(largeBytes)],
        killWhen,
      )
      if (round === 0) spanMs = workedMs
      commits += reported.length
      await using workspace = await openWorkspace(temporary.dir)
      const head = workspace.refs.headCommit()
      const last = reported.at(-1)
      if (last) expect(await isAncestor(workspace.store.readLocal, parseObjectId(last), head!)).toBe(true)
      await verifyLocal(workspace, { full: round % 5 === 0 })
      // The next command works at once, and takes over what the dead process held.
      leftovers += readdirSync(workspace.tmpDir).length
      await add(workspace, { all: true })
      // A lock that was about to be taken stays an hour: somebody else may be taking it right now.
      expect(readdirSync(workspace.tmpDir).filter((name) => !/^(lock|clock|probe)-/.test(name))).toEqual([])
      const { staged, unstaged, untracked } = await statusOf(workspace)
      expect([unstaged, untracked]).toEqual([[], []])
      if (staged.length > 0) await commit(workspace, { message: 'after a kill', author })
    }
    await using workspace = await openWorkspace(temporary.dir)
    await verifyLocal(workspace, { full: true })
    return { commits, leftovers }
  } finally {
    await temporary.close()
  }
}

/** Enough of them that a thread reads them and writes their pack. */
const FIRST_FILES = 800

/** Kills processes that make the first commit of a workspace, a new workspace each.
 *  @returns how many had committed */
export async function killFirstCommits(kills: number, seed: number): Promise<{ commits: number }> {
  const rng = createRng(seed)
  let commits = 0
  let spanMs = 0
  for (let round = 0; round < kills; round++) {
    const temporary = await temporaryWorkspace()
    try {
      for (let i = 0; i < FIRST_FILES; i++)
        temporary.write(`d${i % 9}/f${i}`, rng.fill(new Uint8Array(rng.below(6000))))
      const killWhen = round === 0 ? { commits: 1 } : { afterMs: rng.nextFloat() * 1.1 * spanMs }
      const { reported, workedMs } = await runAndKill([FIRST, temporary.dir], killWhen)
      if (round === 0) spanMs = workedMs
      await using workspace = await openWorkspace(temporary.dir)
      const head = workspace.refs.headCommit()
      if (reported[0]) expect(head).toBe(reported[0])
      await verifyLocal(workspace, { full: true })
      const { staged, unstaged, untracked } = await statusOf(workspace)
      // All or nothing, and nothing staged in between.
      expect([staged, unstaged, untracked.length]).toEqual([[], [], head ? 0 : FIRST_FILES])
      if (head) commits++
      else await commit(workspace, { message: 'after a kill', author, add: true })
      await verifyLocal(workspace, { full: true })
      expect((await statusOf(workspace)).clean).toBe(true)
    } finally {
      await temporary.close()
    }
  }
  return { commits }
}

/** Kills the process some time after it has begun to work, or once it has reported some commits. */
async function runAndKill(
  program: readonly string[],
  when: { afterMs: number } | { commits: number },
): Promise<{ reported: string[]; workedMs: number }> {
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  const commits = () => output.split('\n').filter((line) => line.length === 64)
  const begun = Promise.withResolvers<void>()
  const enough = Promise.withResolvers<void>()
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString()
    begun.resolve()
    if ('commits' in when && commits().length >= when.commits) enough.resolve()
  })
  child.stderr.on('data', (piece: Buffer) => {
    errors += piece.toString()
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  await Promise.race([begun.promise, ended])
  const since = performance.now()
  if ('afterMs' in when) await new Promise((resolve) => setTimeout(resolve, when.afterMs))
  else await Promise.race([enough.promise, ended])
  child.kill('SIGKILL')
  const workedMs = performance.now() - since
  expect(await ended, errors).toBe('SIGKILL')
  return { reported: commits(), workedMs }
}
