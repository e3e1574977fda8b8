/** Power cuts while files hold their contents themselves: whatever was committed can be read after every one of them, wherever
 *  the file was on its way to, and the same command, typed again, ends where it would have ended. */

import { expect, it } from 'vitest'
import { readCommit } from '../../src/history/commits.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { gc } from '../../src/repo/gc.ts'
import { move } from '../../src/repo/mv.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { remove } from '../../src/repo/rm.ts'
import { popStash, pushStash } from '../../src/repo/stash.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import type { CrashFs } from '../faults/crash-fs.ts'
import { atEveryCut, openAt, versionOf } from './every-cut.ts'
import { large } from './large-bytes.ts'
import { filesIn, memoryWorkspace, writeTo } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

const IN_PLACE = 32 * 1024
const FIRST = large(1, 120_000)
const OTHER = large(2, 100_000)
const LONGER = Buffer.concat([FIRST, large(3, 60_000)])
const sign = { author }

/** `main` has a small file; `dev` also a large one, in place, which it has appended to since. */
async function prepared(): Promise<CrashFs> {
  const ws = await memoryWorkspace()
  ws.write('text', '1\n')
  await ws.commitAll('base')
  await switchTo(ws.workspace, { target: 'dev', create: true })
  for (const [name, contents] of [
    ['one', FIRST],
    ['two', LONGER],
  ] as const) {
    ws.fs.nowNs += 10n ** 9n
    ws.write('d/big', contents)
    ws.tick(1000)
    await add(ws.workspace, { all: true, inPlace: IN_PLACE })
    await commit(ws.workspace, { ...sign, message: name })
  }
  await ws.close()
  return ws.fs.clone()
}

interface Job {
  name: string
  before?: (workspace: Workspace, fs: CrashFs) => Promise<unknown>
  job: (workspace: Workspace, fs: CrashFs) => Promise<unknown>
  again?: string[]
}

const JOBS: Job[] = [
  {
    name: 'add and commit of a file that was never synced',
    job: async (ws, fs) => {
      writeTo(fs, 'other', OTHER)
      await add(ws, { all: true, inPlace: IN_PLACE })
      await commit(ws, { ...sign, message: 'other' })
    },
    again: ['COMMIT_NOTHING_STAGED'],
  },
  {
    name: 'commit -a of what was appended to',
    before: async (_, fs) => writeTo(fs, 'd/big', Buffer.concat([LONGER, OTHER])),
    job: (ws) => commit(ws, { ...sign, message: 'three', all: true, inPlace: IN_PLACE }),
    again: ['COMMIT_NOTHING_STAGED'],
  },
  { name: 'switch away', job: (ws) => switchTo(ws, { target: 'main' }) },
  {
    name: 'switch back',
    before: (ws) => switchTo(ws, { target: 'main' }),
    job: (ws) => switchTo(ws, { target: 'dev' }),
  },
  { name: 'mv of its folder', job: (ws) => move(ws, { sources: ['d'], destination: 'e' }), again: ['PATH_UNKNOWN'] },
  {
    name: 'mv into a new folder',
    job: (ws) => move(ws, { sources: ['d/big'], destination: 'new/deep/big' }),
    again: ['PATH_UNKNOWN'],
  },
  { name: 'rm', job: (ws) => remove(ws, { paths: ['d/big'] }), again: ['PATH_UNKNOWN'] },
  { name: 'restore of the version before', job: (ws) => restore(ws, { paths: ['d/big'], source: 'HEAD~1' }) },
  { name: 'reset --hard', job: (ws) => reset(ws, { revision: 'main', mode: 'hard' }) },
  {
    name: 'stash push',
    before: async (_, fs) => writeTo(fs, 'd/big', Buffer.concat([LONGER, OTHER])),
    job: (ws) => pushStash(ws, sign),
    again: ['STASH_NOTHING'],
  },
  {
    name: 'stash pop',
    before: async (ws, fs) => {
      writeTo(fs, 'd/big', Buffer.concat([LONGER, OTHER]))
      await pushStash(ws, sign)
    },
    job: (ws) => popStash(ws),
    again: ['STASH_UNKNOWN', 'WORKTREE_WOULD_OVERWRITE'],
  },
  { name: 'gc', before: (ws) => switchTo(ws, { target: 'main' }), job: (ws) => gc(ws, { graceMs: 0 }) },
]

/** @param stride - steps from one cut to the next */
export function inPlaceSurvivesCuts(stride: number): void {
  it.each(JOBS)('during $name loses nothing that was committed', async ({ before, job, again = [] }) => {
    const start = await prepared()
    {
      await using workspace = await openAt(start, 0)
      await before?.(workspace, start)
    }
    const from = start.clone()
    const complete = from.clone()
    await using whole = await openAt(complete, 1)
    const tip = whole.refs.read('heads/dev')!
    const committed = [tip, (await readCommit(whole.store.read, tip)).parents[0]!]
    const run = (workspace: Workspace) => job(workspace, workspace.fs as CrashFs)
    await run(whole)
    const end = filesIn(complete)
    await atEveryCut(from, stride, run, async (workspace, fs, where) => {
      // By name of the commit: where the branch is, is what was cut off.
      const [two, one] = await Promise.all(committed.map((commit) => versionOf(workspace, commit)))
      expect(two!['d/big'] === LONGER.toString(), where).toBe(true)
      expect(one!['d/big'] === FIRST.toString(), where).toBe(true)
      const said = await codeOf(run(workspace))
      expect(['none', ...again], where).toContain(said)
      // A file whose deletion was not durable may be there still; one that was half written is somebody's change.
      if (said === 'none') expect({ ...filesIn(fs), ...end }, where).toEqual(filesIn(fs))
    })
  })
}

/** @param stride - calls from one that fails to the next */
export function inPlaceSurvivesFullDisk(stride: number): void {
  it.each(JOBS)(
    'a disk that is full during $name changes nothing that was committed',
    async ({ before, job, again = [] }) => {
      const start = await prepared()
      {
        await using workspace = await openAt(start, 0)
        await before?.(workspace, start)
      }
      const complete = start.clone()
      await using whole = await openAt(complete, 1)
      const tip = whole.refs.read('heads/dev')!
      await job(whole, complete)
      for (let full = 1; full <= complete.steps; full += stride) {
        const fs = start.clone()
        fs.fault = (operation, _path, step) =>
          step >= full && ['write', 'open', 'make directory', 'link'].includes(operation) ? 'ENOSPC' : undefined
        {
          await using workspace = await openAt(fs, 1)
          const said = await codeOf(job(workspace, fs))
          expect(['none', 'STORE_DISK_FULL', ...again], `call ${full}: ${said}`).toContain(said)
        }
        fs.fault = () => undefined
        await using workspace = await openAt(fs, 2)
        await verifyLocal(workspace, { full: true })
        expect((await versionOf(workspace, tip))['d/big'] === LONGER.toString(), `call ${full}`).toBe(true)
        expect(['none', ...again], `call ${full}`).toContain(await codeOf(job(workspace, fs)))
      }
    },
  )
}
