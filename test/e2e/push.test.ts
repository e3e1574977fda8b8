import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCommit } from '../../src/history/commits.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { createRepositoryReader } from '../../src/ledger/repository-state.ts'
import { grantAccess, listAccess, revokeAccess } from '../../src/repo/access.ts'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { generateKey, showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { abortRebase } from '../../src/repo/rebase-resume.ts'
import { listRemotes, showRemote } from '../../src/repo/remote.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
let address: string

const author = { name: 'Merger', email: '' }
const wal = async () => {
  const { address: owner } = await showAddress(world.options)
  return createLedgerClient(world.profile).fetchBalance(owner, walCoinType(world.profile))
}

const readState = (repository: string) =>
  createRepositoryReader(createLedgerClient(world.profile), repository, world.profile.floePackageIds).fetchState()

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  dir = await world.workspace('ws', { 'a.txt': 'a\n', 'b.txt': 'b\n', 'model.bin': noise(300_000, 3) })
})

afterAll(() => world[Symbol.asyncDispose]())

describe('push', () => {
  it('needs a repository, and a dry run says what it would cost without spending', async () => {
    await expect(push(dir, world.options)).rejects.toMatchObject({ code: 'REMOTE_MISSING', exitCode: 2 })
    const dry = await push(dir, { ...world.options, create: { name: 'demo', network: 'local' }, dryRun: true })
    expect(dry).toMatchObject({ $kind: 'dry-run', repository: '', cost: { packs: 2, epochs: 26, endEpoch: 27 } })
    expect(dry.cost.newBytes).toBeGreaterThan(300_000)
    expect(BigInt(dry.cost.mainnetWalFrost)).toBeGreaterThan(BigInt(dry.cost.walFrost))
    expect(await wal()).toBe(0n)
    expect(await listRemotes(dir)).toEqual([])
  })

  it('creates the repository, moves the ref and remembers both', async () => {
    const events: string[] = []
    const result = await push(dir, {
      ...world.options,
      create: { name: 'demo', network: 'local' },
      onProgress: (event) => void events.push(event.$kind),
    })
    address = `local:${result.repository}`
    expect(result).toMatchObject({ $kind: 'pushed', ref: 'heads/main', old: null, logIndex: 0, forced: false })
    expect(result.packs.map((pack) => pack.kind)).toEqual(['data', 'meta'])
    expect([...new Set(events)]).toEqual([
      'scanned',
      'packed',
      'encoded',
      'registered',
      'uploading',
      'uploaded',
      'certified',
    ])
    expect(await showRemote(dir, 'origin', world.options)).toMatchObject({
      network: 'local',
      repository: result.repository,
      label: 'demo',
      refs: [{ name: 'heads/main', commit: result.new, push: 0 }],
      packs: 2,
      stored: { live: 2, proposed: 0 },
      pushes: 1,
      endEpoch: 27,
    })
  })

  it('is a no-op when nothing changed', async () => {
    const before = await wal()
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date', packs: [] })
    expect(await wal()).toBe(before)
  })

  it('sends what changed only', async () => {
    await world.change(dir, { 'a.txt': 'a2\n' })
    const result = await push(dir, world.options)
    expect(result.cost.newBytes).toBeLessThan(5_000)
    expect(result.logIndex).toBe(1)
  })

  it('sends no content again that moved to another path', async () => {
    await rename(join(dir, 'model.bin'), join(dir, 'renamed.bin'))
    await world.change(dir, {})
    const result = await push(dir, world.options)
    expect(result.cost.newBytes).toBeLessThan(5_000)
    expect(result.packs.map((pack) => pack.kind)).toEqual(['meta'])
    await clone(address, world.path('moved'), world.options)
    expect(await snapshot(world.path('moved'))).toEqual(await snapshot(dir))
  })

  it('moves another branch to a commit that is there without sending anything', async () => {
    await using workspace = await openWorkspace(dir)
    await createBranch(workspace, { name: 'copy' })
    const result = await push(dir, { ...world.options, ref: 'copy' })
    expect(result).toMatchObject({ $kind: 'pushed', ref: 'heads/copy', packs: [], cost: { walFrost: '0' } })
    const cloned = await clone(`${address}@copy`, world.path('copy'), world.options)
    expect(cloned.ref).toBe('heads/copy')
    expect(await snapshot(world.path('copy'))).toEqual(await snapshot(dir))
  })

  it('never moves a tag', async () => {
    await using workspace = await openWorkspace(dir)
    await createTag(workspace, { name: 'v1' })
    expect(await push(dir, { ...world.options, ref: 'v1' })).toMatchObject({ ref: 'tags/v1', $kind: 'pushed' })
    await world.change(dir, { 'a.txt': 'a3\n' })
    await workspace.refs.update({ name: 'tags/v1', next: workspace.refs.headCommit(), reason: 'test' })
    await expect(push(dir, { ...world.options, ref: 'v1' })).rejects.toMatchObject({ code: 'TAG_IMMUTABLE' })
    await push(dir, world.options)
    const { keptTags } = await fetchRemote(dir, world.options)
    expect(keptTags).toMatchObject([{ ref: 'tags/v1', here: workspace.refs.headCommit() }])
  })

  it('is refused when the remote has moved; pull merges what does not collide, and nothing is lost', async () => {
    const other = world.path('other')
    await clone(address, other, world.options)
    const theirs = await world.change(other, { 'b.txt': 'theirs\n' })
    await push(other, world.options)
    await world.change(dir, { 'a.txt': 'ours\n' })
    const error = await failure(push(dir, world.options))
    expect(error).toMatchObject({ code: 'PUSH_STALE', exitCode: 1, data: { remote: theirs } })
    expect(await pull(dir, { ...world.options, author })).toMatchObject({ $kind: 'merged', files: 1 })
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', forced: false })
    await pull(other, { ...world.options, author })
    expect(await snapshot(other)).toEqual(await snapshot(dir))
  })

  it('is possible after pull --rebase, with history in a straight line', async () => {
    const other = world.path('other')
    const theirs = await world.change(other, { 'b.txt': 'theirs, again\n' })
    await push(other, world.options)
    await world.change(dir, { 'a.txt': 'rebased\n' })
    expect(await pull(dir, { ...world.options, rebase: true })).toMatchObject({ $kind: 'rebased', picked: 1, files: 1 })
    await using workspace = await openWorkspace(dir)
    const { parents } = await readCommit(workspace.store.read, workspace.refs.headCommit()!)
    expect(parents).toEqual([theirs])
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', forced: false })
    await pull(other, { ...world.options, rebase: true })
    expect(await snapshot(other)).toEqual(await snapshot(dir))
  })

  it('of a new branch needs nothing that only the remote has, though that has moved on unseen', async () => {
    const here = await world.workspace('lazy', { 'a.txt': 'a\n' })
    const { repository } = await push(here, { ...world.options, create: { name: 'lazy', network: 'local' } })
    await world.change(here, { 'a.txt': 'b\n' })
    await push(here, world.options)
    await world.change(here, { 'a.txt': 'c\n' })
    await push(here, world.options)
    const copy = world.path('lazy-clone')
    await clone(`local:${repository}`, copy, world.options)
    await world.change(here, { 'a.txt': 'd\n' })
    await push(here, world.options)
    {
      await using workspace = await openWorkspace(copy)
      await switchTo(workspace, { target: 'feature', create: true })
    }
    await world.change(copy, { 'mine.txt': 'mine\n' })
    expect(await push(copy, world.options)).toMatchObject({ $kind: 'pushed', ref: 'heads/feature', old: null })
    await clone(`local:${repository}`, world.path('lazy-feature'), { ...world.options, ref: 'feature' })
    expect(await snapshot(world.path('lazy-feature'))).toEqual(await snapshot(copy))
  })

  it('lists the paths that both sides changed', async () => {
    const other = world.path('other')
    await world.change(other, { 'a.txt': 'one\n' })
    await push(other, world.options)
    await world.change(dir, { 'a.txt': 'two\n' })
    await expect(pull(dir, { ...world.options, author })).rejects.toMatchObject({
      code: 'MERGE_CONFLICT',
      exitCode: 1,
      data: { paths: ['a.txt'] },
    })
    expect(await pull(dir, { ...world.options, rebase: true })).toMatchObject({ $kind: 'conflicts', done: 0, left: 0 })
    for (const verb of [pull, push])
      expect(await failure(verb(dir, world.options))).toMatchObject({
        code: 'OPERATION_IN_PROGRESS',
        hints: [expect.stringContaining('floe rebase --continue')],
      })
    await using workspace = await openWorkspace(dir)
    await abortRebase(workspace)
  })

  it('overwrites with force, on the record', async () => {
    const result = await push(dir, { ...world.options, force: true })
    expect(result).toMatchObject({ $kind: 'pushed', forced: true })
    const seen = await pull(world.path('copy'), { ...world.options, ref: 'main', author })
    expect(seen.to).toBeDefined()
  })

  it('lets exactly one of two pushers win', async () => {
    const dirs = [world.path('racer-1'), world.path('racer-2')]
    for (const racer of dirs) await clone(address, racer, world.options)
    for (const [i, racer] of dirs.entries()) await world.change(racer, { [`race-${i}.txt`]: `${i}\n` })
    const keys = await Promise.all(
      dirs.map(async (_, i) => {
        const { address: who } = await generateKey(world.options.homeDir, { alias: `racer-${i}` })
        await requestFaucet({ ...world.options, network: 'local', address: who })
        await grantAccess(dir, { ...world.options, address: who, role: 'writer' }).catch(async () =>
          grantAccess(dir, { ...world.options, address: who, role: 'writer' }),
        )
        return { $kind: 'alias' as const, name: `racer-${i}` }
      }),
    )
    const outcomes = await Promise.allSettled(dirs.map((racer, i) => push(racer, { ...world.options, key: keys[i]! })))
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect([won.length, lost.length]).toEqual([1, 1])
    expect(lost[0]!.reason).toMatchObject({ code: 'PUSH_STALE' })
  })

  it('continues where an interrupted push stopped, and does not pay twice', async () => {
    await pull(world.path('racer-1'), { ...world.options, author }).catch(() => undefined)
    const racer = world.path('resume')
    await clone(address, racer, world.options)
    await world.change(racer, { 'resumed.bin': noise(50_000, 8) })
    const stopped = [0, 1]
    for (const index of stopped) await world.net.stopNode(index)
    await expect(push(racer, world.options)).rejects.toMatchObject({ code: 'UPLOAD_QUORUM', exitCode: 14 })
    for (const index of stopped) await world.net.startNode(index)
    const paid = await wal()
    const result = await push(racer, world.options)
    expect(result).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
    expect(await wal()).toBe(paid)
  })

  it('becomes visible with its last transaction when it takes several, and can be continued', async () => {
    const files = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`${i}.bin`, noise(20_000, 100 + i)]))
    const many = await world.workspace('many', files)
    // The ledger goes away before the third pack is deposited; the first execution is the registration.
    let executions = 0
    const flaky: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions >= 4) throw new TypeError('fetch failed')
      return fetch(input, init)
    }
    const options = { ...world.options, limits: { packBytes: 50_000, packsPerTransaction: 1 } }
    const create = { name: 'many', network: 'local' }
    await expect(push(many, { ...options, create, fetch: flaky })).rejects.toMatchObject({
      code: 'LEDGER_OUTCOME_UNKNOWN',
    })
    const between = await showRemote(many, 'origin', world.options)
    expect(between).toMatchObject({ refs: [], pushes: 0, packs: 2 })
    const paid = await wal()
    const result = await push(many, options)
    expect(result).toMatchObject({
      $kind: 'pushed',
      logIndex: 0,
      repository: between.repository,
      cost: { walFrost: '0' },
    })
    expect(await wal()).toBe(paid)
    expect(result.packs.length).toBeGreaterThan(3)
    const [record] = await createRepositoryReader(
      createLedgerClient(world.profile),
      result.repository,
      world.profile.floePackageIds,
    ).fetchPushes(await readState(result.repository), 0, 1)
    expect(record!.packs).toEqual([{ first: 0, count: result.packs.length }])
    const cloned = await clone(`local:${result.repository}`, world.path('many-clone'), world.options)
    expect(cloned.files).toBe(6)
    expect(await snapshot(world.path('many-clone'))).toEqual(await snapshot(many))
  })

  it('takes effect once when the answer of the ledger is lost', async () => {
    const dirty = world.path('resume')
    await world.change(dirty, { 'lost.bin': noise(5_000, 78) })
    let executions = 0
    const losing: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      if (String(input).endsWith('/ExecuteTransaction') && ++executions % 2 === 1) throw new TypeError('fetch failed')
      return answer
    }
    const before = await wal()
    const result = await push(dirty, { ...world.options, fetch: losing })
    expect(result.$kind).toBe('pushed')
    expect(before - (await wal())).toBe(BigInt(result.cost.walFrost))
  })

  it('collects confirmations anew when the epoch ends after the last upload, and does not begin again', async () => {
    const late = world.path('resume')
    await world.change(late, { 'after.bin': noise(40_000, 79) })
    const seen: string[] = []
    const confirmed: string[] = []
    let turned = false
    const turning: typeof fetch = async (input, init) => {
      const isUploaded = seen.filter((kind) => kind === 'uploaded').length === 2
      if (isUploaded && !turned) {
        turned = true
        await world.net.advanceEpoch()
      }
      if (turned && String(input).includes('/confirmation/')) confirmed.push(String(input))
      return fetch(input, init)
    }
    const before = await wal()
    const onProgress = ({ $kind }: { $kind: string }) => void seen.push($kind)
    const result = await push(late, { ...world.options, fetch: turning, onProgress })
    expect([result.$kind, turned]).toEqual(['pushed', true])
    expect(confirmed.length).toBeGreaterThanOrEqual(2 * 3)
    expect(seen.filter((kind) => kind === 'scanned')).toHaveLength(1)
    expect(before - (await wal())).toBe(BigInt(result.cost.walFrost))
  })

  it('is not paid twice when the epoch changes between registration and upload', async () => {
    const late = world.path('resume')
    await world.change(late, { 'late.bin': noise(40_000, 77) })
    let executions = 0
    const turning: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions === 1) {
        const answer = await fetch(input, init)
        await world.net.advanceEpoch()
        return answer
      }
      return fetch(input, init)
    }
    // Nodes confirm for the new epoch: the push collects their confirmations for that one, and pays nothing more.
    const before = await wal()
    const result = await push(late, { ...world.options, fetch: turning })
    expect(result.$kind).toBe('pushed')
    expect(before - (await wal())).toBe(BigInt(result.cost.walFrost))
  })

  it('spends no more than it was allowed to', async () => {
    await world.change(world.path('resume'), { 'more.bin': noise(10_000, 9) })
    const before = await wal()
    await expect(push(world.path('resume'), { ...world.options, maxWal: '0.000001' })).rejects.toMatchObject({
      code: 'PUSH_MAX_WAL',
      exitCode: 12,
    })
    await expect(push(world.path('resume'), { ...world.options, maxWal: 'lots' })).rejects.toMatchObject({
      code: 'AMOUNT_MALFORMED',
    })
    expect(await wal()).toBe(before)
    expect(await push(world.path('resume'), { ...world.options, maxWal: '1' })).toMatchObject({ $kind: 'pushed' })
  })
})

describe('access', () => {
  it('is needed to push, given by administrators only, and can be taken back', async () => {
    const guest = { $kind: 'alias' as const, name: 'guest' }
    const { address: who } = await generateKey(world.options.homeDir, { alias: 'guest' })
    await requestFaucet({ ...world.options, network: 'local', address: who })
    const guestDir = world.path('guest')
    await clone(address, guestDir, world.options)
    await world.change(guestDir, { 'guest.txt': 'hello\n' })
    await expect(push(guestDir, { ...world.options, key: guest })).rejects.toMatchObject({
      code: 'ACCESS_ROLE_MISSING',
      exitCode: 12,
    })
    await expect(
      grantAccess(guestDir, { ...world.options, key: guest, address: who, role: 'writer' }),
    ).rejects.toMatchObject({ code: 'ACCESS_NOT_ADMIN', exitCode: 12 })
    await grantAccess(dir, { ...world.options, address: who, role: 'writer' })
    expect((await listAccess(dir, world.options)).entries).toContainEqual({ address: who, roles: ['writer'] })
    expect(await push(guestDir, { ...world.options, key: guest })).toMatchObject({ $kind: 'pushed' })
    await revokeAccess(dir, { ...world.options, address: who, role: 'writer' })
    await world.change(guestDir, { 'guest.txt': 'again\n' })
    await expect(push(guestDir, { ...world.options, key: guest })).rejects.toMatchObject({
      code: 'ACCESS_ROLE_MISSING',
    })
    await expect(grantAccess(dir, { ...world.options, address: who, role: 'king' })).rejects.toMatchObject({
      code: 'ROLE_UNKNOWN',
      exitCode: 2,
    })
  })
})

describe('.floeattributes', () => {
  it('keeps from being sent what is to be encrypted, and decides how long packs are promised', async () => {
    const hinted = await world.workspace('hinted', {
      '.floeattributes': 'key encrypt=yes\n*.pt retain=20\n',
      key: 'k',
      'a.pt': 'a',
    })
    const create = { name: 'hinted', network: 'local' }
    const refused = await failure(push(hinted, { ...world.options, create }))
    expect(refused).toMatchObject({ code: 'PUSH_UNENCRYPTED', exitCode: 1 })
    expect(await listRemotes(hinted)).toEqual([])
    await world.change(hinted, { '.floeattributes': 'key encrypt=no\n*.pt retain=20\n' })
    const pushed = await push(hinted, { ...world.options, create, epochs: 10 })
    expect(pushed.retained).toEqual({ epochs: 20, path: 'a.pt', paidEpochs: 10 })
    const reader = createRepositoryReader(
      createLedgerClient(world.profile),
      pushed.repository,
      world.profile.floePackageIds,
    )
    const packs = await reader.fetchPacks(await reader.fetchState(), [0, 1])
    const { epochDurationMs } = await openRemoteContext('local', world.options).then((context) => context.walrus())
    for (const { retainUntilMs, depositedMs } of packs)
      expect(Math.round((retainUntilMs - depositedMs) / epochDurationMs)).toBe(20)
  })
})
