import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHUNK_PROFILE } from '../../src/chunking/profile.ts'
import { encodeCommit } from '../../src/objects/commit.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { author, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
let fetched: ObjectId

beforeEach(async () => {
  ws = await temporaryWorkspace()
  for (let i = 0; i < 5; i++) ws.write(`d/f${i}`, `contents ${i}`)
  fetched = (await ws.commitAll('on the remote')).commit
  await ws.workspace.withLock('test', () =>
    ws.workspace.refs.update({ name: 'remotes/origin/main', next: fetched, reason: 'fetch' }),
  )
})
afterEach(() => ws.close())

async function dropPacks(kind: 'data' | 'meta'): Promise<void> {
  for (const pack of await ws.workspace.store.packs()) if (pack.kind === kind) rmSync(pack.path)
  await ws.workspace.close()
}

describe('verify --local', () => {
  it('counts what a remote has and was never fetched, instead of calling it lost', async () => {
    await dropPacks('data')
    await using workspace = await openWorkspace(ws.dir)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true, commits: 1, absent: 5 })
    // Nor is it deleted: the files are what the tree says.
    expect((await statusOf(workspace)).clean).toBe(true)
  })

  it('takes a fetched tag, which may be on no branch, for what a remote has, and one made here for what it has not', async () => {
    for (const reason of ['fetch', 'tag: HEAD']) {
      await using other = await temporaryWorkspaceWithTag(reason)
      const verified = verifyLocal(other.workspace)
      if (reason === 'fetch') expect(await verified).toMatchObject({ ok: true, commits: 1, absent: 1 })
      else await expect(verified).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
    }
  })

  it('demands everything that a commit of this workspace brought, but not what it kept', async () => {
    await dropPacks('data')
    ws.write('d/new', 'only here')
    const mine = await ws.commitAll('not pushed')
    expect(mine.changes).toEqual({ added: 1, modified: 0, deleted: 0 })
    expect(await verifyLocal(ws.workspace, { full: true })).toMatchObject({ commits: 2, absent: 5 })
    await dropPacks('data')
    await using workspace = await openWorkspace(ws.dir)
    await expect(verifyLocal(workspace)).rejects.toMatchObject({ code: 'OBJECT_MISSING', exitCode: 13 })
  })

  it('finds a damaged record of an operation in progress', async () => {
    writeFileSync(join(ws.dir, '.floe/operation'), 'rubbish')
    await expect(verifyLocal(ws.workspace)).rejects.toMatchObject({ code: 'STORE_OPERATION_CORRUPT', exitCode: 13 })
  })

  it('reports progress up to its total', async () => {
    const events: { doneObjects: number; totalObjects: number }[] = []
    await verifyLocal(ws.workspace, {
      full: true,
      onProgress: (event) => {
        if (event.$kind === 'verifying') events.push(event)
      },
    })
    expect(events.length).toBeGreaterThan(3)
    for (const { doneObjects, totalObjects } of events) expect(doneObjects).toBeLessThanOrEqual(totalObjects)
  })
})

/** Where a tag stands on no branch, and the tree of its version is not here. */
async function temporaryWorkspaceWithTag(reason: string) {
  const made = await temporaryWorkspace()
  const { workspace } = made
  await workspace.withLock('test', async () => {
    const session = await workspace.store.begin()
    const commit = await session.put(
      'commit',
      encodeCommit({
        tree: objectIdFor('tree', new Uint8Array()),
        parents: [],
        author,
        timeMs: 0,
        message: 'of another branch',
        profile: CHUNK_PROFILE,
        attachments: new Map(),
      }),
    )
    await session.seal()
    await workspace.refs.update({ name: 'tags/v1', next: commit, reason })
  })
  return { workspace, [Symbol.asyncDispose]: () => made.close() }
}
