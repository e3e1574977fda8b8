import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { catFile } from '../../src/repo/cat.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import type { ProcessIdentity } from '../../src/store/process-identity.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { CrashFs, PowerCut } from '../faults/crash-fs.ts'

const ROOT = '/ws'
const author = { name: 'Ada', email: 'ada@example.org' }

/** A process of one boot: those of earlier boots are dead. */
function bootedProcess(boot: number): ProcessIdentity {
  return {
    self: () => ({ pid: 100, startedAt: `boot-${boot}`, host: 'machine' }),
    liveness: (record) => (record.startedAt === `boot-${boot}` ? 'alive' : 'dead'),
  }
}

async function open(fs: CrashFs, boot: number): Promise<Workspace> {
  return openWorkspace(ROOT, { fs, clock: createManualClock(1_700_000_000_000 + boot), processes: bootedProcess(boot) })
}

function writeUserFile(fs: CrashFs, path: string, text: string): void {
  const absolute = `${ROOT}/${path}`
  if (fs.stat(absolute)) fs.unlink(absolute)
  fs.makeDirectory(absolute.slice(0, absolute.lastIndexOf('/')))
  const file = fs.open(absolute, 'create')
  file.write(new TextEncoder().encode(text))
  file.close()
}

const first = new Map([
  ['a.txt', 'first'],
  ['b/c.txt', 'kept'],
  ['b/d.txt', 'to be deleted'],
])
const second = new Map([
  ['a.txt', 'second, and longer'],
  ['b/c.txt', 'kept'],
  ['e/new.bin', 'x'.repeat(3000)],
])

/** A machine with one commit of `first`, and the files of `second` on disk. */
async function preparedMachine(): Promise<{ fs: CrashFs; commit: string }> {
  const fs = new CrashFs()
  fs.makeDirectory(ROOT)
  await initWorkspace(ROOT, { fs, processes: bootedProcess(0) })
  for (const [path, text] of first) writeUserFile(fs, path, text)
  await using workspace = await open(fs, 0)
  await add(workspace, { all: true })
  const made = await commit(workspace, { message: 'first', author })
  for (const path of first.keys()) if (!second.has(path)) fs.unlink(`${ROOT}/${path}`)
  for (const [path, text] of second) if (first.get(path) !== text) writeUserFile(fs, path, text)
  return { fs: fs.clone(), commit: made.commit }
}

async function addAndCommit(workspace: Workspace): Promise<string> {
  await add(workspace, { all: true })
  return (await commit(workspace, { message: 'second', author })).commit
}

async function contentsOf(workspace: Workspace, revision: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { path } of listFiles(workspace, { revision })) {
    const pieces: Uint8Array[] = []
    for await (const piece of catFile(workspace, { revision, path })) pieces.push(piece)
    found.set(path, Buffer.concat(pieces).toString())
  }
  return found
}

describe('a power cut during add and commit', () => {
  it('never loses what was committed and never needs repair by hand, at any step, whatever was written back', async () => {
    const prepared = await preparedMachine()
    const complete = prepared.fs.clone()
    const steps = await (async () => {
      await using workspace = await open(complete, 1)
      await addAndCommit(workspace)
      return complete.steps
    })()
    expect(steps).toBeGreaterThan(40)
    let interrupted = 0
    // The last round loses power right after both commands have returned.
    for (let cut = 1; cut <= steps + 1; cut++) {
      const fs = prepared.fs.clone()
      fs.cutAtStep = cut
      let finished: string | undefined
      try {
        const workspace = await open(fs, 1)
        finished = await addAndCommit(workspace)
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error
        interrupted++
      }
      for (let seed = 0; seed < 4; seed++) {
        const where = `cut at step ${cut}, seed ${seed}`
        const rebooted = fs.reboot(createRng(cut * 1000 + seed))
        await using workspace = await open(rebooted, 2)
        const head = workspace.refs.headCommit()
        if (finished) expect(head, where).toBe(finished)
        await verifyLocal(workspace, { full: true })
        expect(await contentsOf(workspace, prepared.commit), where).toEqual(first)
        await statusOf(workspace)
        // The same two commands, run again, finish the work.
        await add(workspace, { all: true })
        if (head === prepared.commit) await commit(workspace, { message: 'second', author })
        expect(await contentsOf(workspace, 'HEAD'), where).toEqual(second)
        expect((await statusOf(workspace)).clean, where).toBe(true)
        await verifyLocal(workspace, { full: true })
        expect(
          [...rebooted.contents(`${ROOT}/.floe/tmp`).keys()].filter((path) => !/\/(lock|clock|probe)-/.test(path)),
          where,
        ).toEqual([])
      }
    }
    expect(interrupted).toBe(steps)
  })

  it('leaves either no workspace or a whole one when init is cut off', async () => {
    const complete = new CrashFs()
    complete.makeDirectory(ROOT)
    const start = complete.clone()
    await initWorkspace(ROOT, { fs: complete })
    for (let cut = 1; cut <= complete.steps; cut++) {
      const fs = start.clone()
      fs.cutAtStep = cut
      await initWorkspace(ROOT, { fs }).catch((error: unknown) => expect(error).toBeInstanceOf(PowerCut))
      for (let seed = 0; seed < 3; seed++) {
        const rebooted = fs.reboot(createRng(cut * 1000 + seed))
        await initWorkspace(ROOT, { fs: rebooted })
        writeUserFile(rebooted, 'a.txt', 'first')
        await using workspace = await open(rebooted, 2)
        await addAndCommit(workspace)
        expect(await contentsOf(workspace, 'HEAD')).toEqual(new Map([['a.txt', 'first']]))
      }
    }
  })
})

describe('a full disk', () => {
  it('stops add and commit with a code, loses nothing, and lets them succeed once there is space', async () => {
    const prepared = await preparedMachine()
    const complete = prepared.fs.clone()
    await using done = await open(complete, 1)
    await addAndCommit(done)
    for (let full = 1; full <= complete.steps; full++) {
      const fs = prepared.fs.clone()
      // From this step on nothing new fits; deleting still works.
      fs.fault = (operation, _path, step) =>
        step >= full && ['open', 'write', 'make directory', 'link', 'symlink'].includes(operation)
          ? 'ENOSPC'
          : undefined
      await using workspace = await open(fs, 1)
      const outcome = await addAndCommit(workspace).catch((error: unknown) => error)
      if (typeof outcome !== 'string') expect(outcome).toMatchObject({ code: 'STORE_DISK_FULL', kind: 'other' })
      expect(await contentsOf(workspace, prepared.commit), `full at ${full}`).toEqual(first)
      fs.fault = () => undefined
      await add(workspace, { all: true })
      if (workspace.refs.headCommit() === prepared.commit) await commit(workspace, { message: 'second', author })
      expect(await contentsOf(workspace, 'HEAD'), `full at ${full}`).toEqual(second)
      await verifyLocal(workspace, { full: true })
    }
  })
})
