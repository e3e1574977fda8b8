/** Removing, renaming and re-addressing remotes: all that hangs on the name goes with it, and nothing else. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setConfig } from '../../src/repo/config.ts'
import { expiryWarnings, readExpiryMemory, rememberExpiry } from '../../src/repo/expiry-memory.ts'
import { defaultRemote } from '../../src/repo/reading-remote.ts'
import { addRemote, listRemotes, readRemote } from '../../src/repo/remote.ts'
import { removeRemote, renameRemote, setRemoteAddress } from '../../src/repo/remote-change.ts'
import { rememberRemote, remoteMemory } from '../../src/repo/remote-memory.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { setUpstream, upstreamName } from '../../src/repo/upstream.ts'
import { createPushJournal, type PushStep } from '../../src/transfer/push-journal.ts'
import { codeOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
let first: string
let second: string
const repository = `0x${'ab'.repeat(32)}`
const address = `local:${repository}`
const tracked = () => ws.workspace.refs.list('remotes/').map(({ name, id }) => [name, id])

beforeEach(async () => {
  ws = await temporaryWorkspace()
  const { workspace } = ws
  ws.write('a', '1')
  first = (await ws.commitAll('first')).commit
  ws.write('a', '2')
  second = (await ws.commitAll('second')).commit
  await addRemote(ws.dir, 'origin', address)
  await addRemote(ws.dir, 'backup', 'local:0x2')
  for (const [name, id] of [
    ['origin/main', first],
    ['origin/main', second],
    ['origin/team/dev', first],
    ['backup/main', first],
  ])
    await workspace.withLock('test', () =>
      workspace.refs.update({ name: `remotes/${name}`, next: id as never, reason: 'fetch' }),
    )
  await setUpstream(workspace, 'main', 'origin/main')
  await workspace.withLock('test', () => rememberRemote(workspace, 'origin', repository, { pushes: 7 }))
  const walrus = { epoch: 1, epochStartMs: 0, epochDurationMs: 1_000 }
  const refs = [{ ref: 'heads/main', endEpoch: 2 }]
  await rememberExpiry(workspace, { remote: 'origin', network: 'local', repository, walrus, refs })
})
afterEach(() => ws.close())

async function begunPush(...steps: PushStep[]): Promise<void> {
  const journal = await createPushJournal(`${ws.workspace.floeDir}/pushes`, 0)
  const started = { $kind: 'started', network: 'local', repository, ref: 'heads/main', old: null, new: second } as const
  for (const step of [{ ...started, timeMs: 0 }, ...steps]) await journal.record(step)
  await journal.close()
}
const paid: PushStep = { $kind: 'registered', blobId: 'b', objectId: '0x1', endEpoch: 2, digest: null }

describe('remote rename', () => {
  it('takes branches with their logs, what is remembered, and what follows', async () => {
    const { workspace } = ws
    const log = workspace.refs.reflog('remotes/origin/main').map((entry) => entry.new)
    expect(await renameRemote(workspace, { from: 'origin', to: 'up' })).toEqual({
      from: 'origin',
      to: 'up',
      refs: ['remotes/up/main', 'remotes/up/team/dev'],
    })
    expect(tracked()).toEqual([
      ['remotes/backup/main', first],
      ['remotes/up/main', second],
      ['remotes/up/team/dev', first],
    ])
    const moved = workspace.refs.reflog('remotes/up/main')
    expect(moved.map((entry) => entry.new)).toEqual([second, ...log])
    expect(moved[0]).toMatchObject({ old: second, reason: 'remote: renamed origin to up' })
    expect(workspace.refs.reflog('remotes/origin/main')).toEqual([])
    expect(upstreamName(workspace, 'main')).toBe('up/main')
    expect(await listRemotes(ws.dir)).toMatchObject([{ name: 'backup' }, { name: 'up', repository }])
    expect(remoteMemory(workspace, 'up', repository).pushes).toBe(7)
    expect(remoteMemory(workspace, 'origin', repository).pushes).toBe(0)
    expect(expiryWarnings(workspace, 0)).toMatchObject([{ remote: 'up', ref: 'heads/main' }])
    expect(readExpiryMemory(workspace, 'origin')).toBeNull()
  })

  it('keeps a branch following that followed by its name alone', async () => {
    await setUpstream(ws.workspace, 'main', null)
    expect(upstreamName(ws.workspace, 'main')).toBe('origin/main')
    await renameRemote(ws.workspace, { from: 'origin', to: 'up' })
    expect(upstreamName(ws.workspace, 'main')).toBe('up/main')
  })

  it('refuses a name that is taken, by a remote or by branches that came another way, and changes nothing', async () => {
    const { workspace } = ws
    const before = tracked()
    expect(await codeOf(renameRemote(workspace, { from: 'origin', to: 'backup' }))).toBe('REMOTE_EXISTS')
    expect(await codeOf(renameRemote(workspace, { from: 'none', to: 'x' }))).toBe('REMOTE_MISSING')
    expect(await codeOf(renameRemote(workspace, { from: 'origin', to: '../x' }))).toBe('REMOTE_NAME_MALFORMED')
    await workspace.withLock('test', () =>
      workspace.refs.update({ name: 'remotes/bundle/main', next: first as never, reason: 'unbundle' }),
    )
    expect(await codeOf(renameRemote(workspace, { from: 'origin', to: 'bundle' }))).toBe('REMOTE_EXISTS')
    expect(tracked()).toEqual([before[0], ['remotes/bundle/main', first], ...before.slice(1)])
  })
})

describe('remote remove', () => {
  it('forgets all of it and nothing of another, and says what followed', async () => {
    const { workspace } = ws
    await begunPush()
    expect(await removeRemote(workspace, 'origin')).toEqual({
      name: 'origin',
      address,
      followers: [{ branch: 'main', upstream: 'origin/main' }],
      refs: ['remotes/origin/main', 'remotes/origin/team/dev'],
    })
    expect(tracked()).toEqual([['remotes/backup/main', first]])
    expect(workspace.refs.reflog('remotes/origin/main')).toEqual([])
    expect(upstreamName(workspace, 'main')).toBeUndefined()
    expect(remoteMemory(workspace, 'origin', repository).pushes).toBe(0)
    expect(readExpiryMemory(workspace, 'origin')).toBeNull()
    expect(await codeOf(removeRemote(workspace, 'origin'))).toBe('REMOTE_MISSING')
    await removeRemote(workspace, 'backup')
    expect(workspace.readConfig()).toEqual({ version: 1 })
  })

  it('waits, as rename and set-url do, for a push that has paid for something, with what ends it', async () => {
    const { workspace } = ws
    await begunPush(paid)
    const before = [tracked(), workspace.readConfig()]
    const refused = { code: 'REMOTE_PUSH_UNFINISHED', hints: [expect.stringMatching(/push main`.*push --abort`/)] }
    await expect(removeRemote(workspace, 'origin')).rejects.toMatchObject(refused)
    await expect(renameRemote(workspace, { from: 'origin', to: 'up' })).rejects.toMatchObject(refused)
    await expect(setRemoteAddress(workspace, 'origin', 'local:0x3')).rejects.toMatchObject(refused)
    expect([tracked(), workspace.readConfig()]).toEqual(before)
    await renameRemote(workspace, { from: 'backup', to: 'other' })
  })
})

describe('remote set-url', () => {
  it('forgets what was known of another repository, and keeps what follows', async () => {
    const { workspace } = ws
    await setConfig(workspace, 'remotes.origin.note', 'mine')
    const full = `0x${'3'.padStart(64, '0')}`
    expect(await setRemoteAddress(workspace, 'origin', 'testnet:0x3')).toEqual({
      name: 'origin',
      network: 'testnet',
      repository: full,
      before: address,
      refs: ['remotes/origin/main', 'remotes/origin/team/dev'],
    })
    expect(workspace.readConfig().remotes?.origin).toEqual({
      network: 'testnet',
      repository: `testnet:${full}`,
      note: 'mine',
    })
    expect(tracked()).toEqual([['remotes/backup/main', first]])
    expect(workspace.readConfig().branches?.main?.remote).toBe('origin')
  })

  it('changes nothing where the address is the one it has', async () => {
    const before = tracked()
    expect(await setRemoteAddress(ws.workspace, 'origin', address)).toMatchObject({ refs: [], before: address })
    expect(tracked()).toEqual(before)
    expect(await codeOf(setRemoteAddress(ws.workspace, 'none', address))).toBe('REMOTE_MISSING')
    expect(await codeOf(setRemoteAddress(ws.workspace, 'origin', `${address}@main`))).toBe('ADDRESS_MALFORMED')
  })
})

describe('the remote that is meant where none is named', () => {
  it('is the one that the branch follows, else origin, else the only one', async () => {
    const { workspace } = ws
    const meant = () => defaultRemote(workspace)
    expect(meant()).toBe('origin')
    await setUpstream(workspace, 'main', 'backup/main')
    expect(meant()).toBe('backup')
    expect(readRemote(workspace).name).toBe('backup')
    await switchTo(workspace, { target: 'other', create: true })
    expect(meant()).toBe('origin')
    await renameRemote(workspace, { from: 'origin', to: 'up' })
    // Of two, none is meant.
    expect(meant()).toBe('origin')
    expect(await codeOf(Promise.resolve().then(() => readRemote(workspace)))).toBe('REMOTE_MISSING')
    await removeRemote(workspace, 'up')
    expect(meant()).toBe('backup')
    // What a bundle brought, and a branch follows, is no remote.
    await switchTo(workspace, { target: 'main' })
    await removeRemote(workspace, 'backup')
    await workspace.withLock('test', () =>
      workspace.refs.update({ name: 'remotes/bundle/main', next: first as never, reason: 'unbundle' }),
    )
    await setUpstream(workspace, 'main', 'bundle/main')
    expect(meant()).toBe('origin')
  })
})
