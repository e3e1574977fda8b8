import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { grantAccess, revokeAccess } from '../../src/repo/access.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { generateKey, showAddress } from '../../src/repo/key.ts'
import { deriveCommit, markCommit, marksOf } from '../../src/repo/marks.ts'
import { rememberedMarks } from '../../src/repo/marks-memory.ts'
import { mirror } from '../../src/repo/mirror.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { renew } from '../../src/repo/renew.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { startCutOffProxy } from '../faults/cut-off-proxy.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the expiry of a repository', () => {
  it('is told by ref and pack, what ends first standing first', async () => {
    const dir = await world.workspace('expiry', { 'a.bin': noise(30_000, 1) })
    const first = await push(dir, { ...world.options, create: { name: 'expiry', network: 'local' }, epochs: 9 })
    {
      await using workspace = await openWorkspace(dir)
      await createBranch(workspace, { name: 'short' })
    }
    await world.change(dir, { 'b.bin': noise(30_000, 2) })
    await push(dir, { ...world.options, epochs: 4 })
    // The other branch needs nothing that is not there already.
    await push(dir, { ...world.options, ref: 'short', epochs: 5, extendReused: false })

    const found = await expiry(dir, world.options)
    expect(found).toMatchObject({ network: 'local', repository: first.repository, epoch: 1 })
    expect(found.refs.map((ref) => [ref.ref, ref.endEpoch, ref.reusedEndEpoch])).toEqual([
      ['heads/main', 5, 5],
      ['heads/short', 5, 5],
    ])
    const [main, short] = found.refs
    // Its commit lies in the older pack, its locator in the newer.
    expect(short!.packs.map((pack) => [pack.kind, pack.endEpoch])).toEqual([
      ['meta', 5],
      ['meta', 10],
    ])
    const ends = main!.packs.map((pack) => pack.endEpoch)
    expect(ends).toEqual([5, 5, 10, 10])
    expect(main!.packs[0]).toMatchObject({ epochsLeft: 4, endDate: main!.endDate, state: 'live' })
    const days = (Date.parse(main!.packs[3]!.endDate) - Date.parse(main!.packs[0]!.endDate)) / 86_400_000
    expect(days).toBe(5 * found.epochDays)

    // Anyone can ask, by address and without a workspace.
    expect(await expiry(world.root, { ...world.options, remote: `local:${first.repository}` })).toEqual(found)
    await world.net.advanceEpoch()
    const later = await expiry(dir, world.options)
    expect([later.epoch, later.refs[0]!.packs[0]!.epochsLeft]).toEqual([2, 3])
  })

  it('needs a remote, which is all of a repository', async () => {
    const dir = await world.workspace('alone', { 'a.txt': 'a\n' })
    const part = `local:0x${'ab'.repeat(32)}@v1`
    for (const verb of [expiry, renew, gcRemote])
      await expect(verb(dir, { ...world.options, remote: part })).rejects.toMatchObject({ code: 'ADDRESS_MALFORMED' })
    await expect(mirror(world.path('part'), { ...world.options, of: part })).rejects.toMatchObject({
      code: 'ADDRESS_MALFORMED',
    })
    await expect(expiry(dir, world.options)).rejects.toMatchObject({ code: 'REMOTE_MISSING', exitCode: 2 })
  })
})

describe('what clone and pull say of the expiry', () => {
  it('is a hint: a ledger that does not say it makes nothing undone', async () => {
    const dir = await world.workspace('hinted', { 'a.bin': noise(30_000, 3) })
    const { repository } = await push(dir, { ...world.options, create: { name: 'hinted', network: 'local' } })
    await using proxy = await startCutOffProxy(world.profile.rpcUrl)
    const options = { ...world.options, networks: [{ ...world.profile, rpcUrl: proxy.url }] }
    const address = `local:${repository}`

    proxy.allow(Number.POSITIVE_INFINITY)
    const plain = await clone(address, world.path('hinted-plain'), options)
    expect(plain.expiring).toEqual([])
    // When its packs end is the last that a clone asks.
    proxy.allow(proxy.asked() - 1)
    const cut = await clone(address, world.path('hinted-cut'), options)
    expect(cut).toMatchObject({ commit: plain.commit, files: 1, expiring: null })
    expect(await snapshot(world.path('hinted-cut'))).toEqual(await snapshot(dir))

    const next = await world.change(dir, { 'b.bin': noise(30_000, 4) })
    await push(dir, world.options)
    proxy.allow(Number.POSITIVE_INFINITY)
    expect(await pull(world.path('hinted-plain'), options)).toMatchObject({ to: next, expiring: [] })
    proxy.allow(proxy.asked() - 1)
    expect(await pull(world.path('hinted-cut'), options)).toMatchObject({ to: next, expiring: null })

    // What it cannot do without, it does not do without.
    proxy.allow(1)
    await expect(clone(address, world.path('hinted-none'), options)).rejects.toMatchObject({
      code: 'LEDGER_UNREACHABLE',
      exitCode: 14,
    })
  })
})

describe('marks of a version', () => {
  const lists = (marks: readonly { status: string }[]) => marks.map(({ status }) => status)
  let dir: string
  let address: string
  let first: string
  let second: string
  const options = () => ({ ...world.options, useCache: false })
  const other = () => ({ ...world.options, key: { $kind: 'alias', name: 'other' } as const })

  it('are set by revokers, shown with their history, and warned of by pull and clone', async () => {
    dir = await world.workspace('marked', { 'a.txt': 'a\n' })
    const pushed = await push(dir, { ...world.options, create: { name: 'marked', network: 'local' } })
    address = `local:${pushed.repository}`
    first = pushed.new
    await clone(address, world.path('marked-copy'), options())
    second = await world.change(dir, { 'a.txt': 'b\n' })
    await push(dir, world.options)
    expect(await marksOf(dir, world.options)).toMatchObject({ status: 'active', history: [], derivedFrom: [] })
    await generateKey(world.options.homeDir, { alias: 'other' })
    const { address: who } = await showAddress({ ...other(), networks: [world.profile] })
    await requestFaucet({ ...world.options, network: 'local', address: who })
    const superseded = { revision: first, status: 'superseded', reason: 'labels were wrong', successor: 'HEAD' }
    await expect(markCommit(dir, { ...other(), ...superseded })).rejects.toMatchObject({ code: 'ACCESS_ROLE_MISSING' })
    await grantAccess(dir, { ...world.options, address: who, role: 'revoker' })
    await markCommit(dir, { ...other(), ...superseded })
    expect(await marksOf(dir, { ...world.options, revision: first })).toMatchObject({
      status: 'superseded',
      history: [{ reason: 'labels were wrong', successor: second, by: who }],
    })
    const old = await clone(`${address}@${first}`, world.path('marked-old'), options())
    expect(old.marks).toMatchObject([{ status: 'superseded', successor: second }])
    {
      await using workspace = await openWorkspace(world.path('marked-old'))
      expect(rememberedMarks(workspace).get(first)).toMatchObject({ status: 'superseded' })
    }
    await revokeAccess(dir, { ...world.options, address: who, role: 'revoker' })
    await expect(markCommit(dir, { ...other(), ...superseded })).rejects.toMatchObject({ code: 'ACCESS_ROLE_MISSING' })
  })

  it('keep a version that was taken down from being brought, unless somebody insists, and can be taken back', async () => {
    const evidence = world.path('letter.txt')
    await writeFile(evidence, 'please remove this')
    await markCommit(dir, { ...world.options, status: 'takedown', reason: 'court order', evidence })
    for (const bring of [
      () => clone(address, world.path('marked-no'), options()),
      () => pull(world.path('marked-copy'), options()),
    ])
      await expect(bring()).rejects.toMatchObject({
        code: 'COMMIT_TAKEN_DOWN',
        exitCode: 1,
        data: { evidence: sha256Hex(Buffer.from('please remove this')) },
      })
    const insisted = await pull(world.path('marked-copy'), { ...options(), allowTakedown: true })
    expect(lists(insisted.marks)).toEqual(['takedown'])
    await markCommit(dir, { ...world.options, status: 'active', reason: 'order lifted' })
    expect(lists((await marksOf(dir, world.options)).history)).toEqual(['active', 'takedown'])
    expect((await clone(address, world.path('marked-yes'), options())).marks).toEqual([])
  })

  it('refuse what is no status, and a successor of anything but what is superseded', async () => {
    const reason = 'x'
    await expect(markCommit(dir, { ...world.options, status: 'gone', reason })).rejects.toMatchObject({
      code: 'STATUS_UNKNOWN',
      exitCode: 2,
    })
    const bad = { status: 'takedown', reason, successor: first }
    await expect(markCommit(dir, { ...world.options, ...bad })).rejects.toMatchObject({ code: 'STATUS_SUCCESSOR' })
    await expect(markCommit(dir, { ...world.options, status: 'takedown', reason: '' })).rejects.toMatchObject({
      data: { abort: 'floe::commit_status::EBadReason' },
    })
  })

  it('say what a version was made from, checked by the chain where a push brought it', async () => {
    const model = await world.workspace('model', { 'weights.bin': noise(2_000, 3) })
    await push(model, { ...world.options, create: { name: 'model', network: 'local' } })
    const trained = { ...world.options, relation: 'trained-on' }
    expect(await deriveCommit(model, { ...trained, from: `${address}@main` })).toMatchObject({
      input: { repository: address.slice('local:'.length), commit: second },
      inputPush: 1,
    })
    const unknown = 'ab'.repeat(32)
    expect(await deriveCommit(model, { ...trained, from: `${address}@${unknown}` })).toMatchObject({ inputPush: null })
    const { derivedFrom } = await marksOf(model, world.options)
    expect(derivedFrom.map(({ input, evidence }) => [input.commit, evidence])).toEqual([
      [unknown, 'claimed'],
      [second, 'pushed'],
    ])
    await deriveCommit(dir, { ...world.options, relation: 'cleaned-from', from: first })
    expect((await marksOf(dir, world.options)).derivedFrom).toMatchObject([
      { input: { commit: first }, inputPush: 0, evidence: 'pushed' },
    ])
    await expect(deriveCommit(model, { ...trained, from: `${address}@main` })).rejects.toMatchObject({
      data: { abort: 'floe::derivation::EAlreadyRecorded' },
    })
    await expect(deriveCommit(model, { ...trained, from: `${address}@nothing` })).rejects.toMatchObject({
      code: 'REVISION_UNKNOWN',
    })
    await expect(deriveCommit(model, { ...trained, from: `testnet:0x12@main` })).rejects.toMatchObject({
      code: 'DERIVE_NETWORK',
    })
    await expect(deriveCommit(model, { ...trained, ...other(), from: `${address}@main` })).rejects.toMatchObject({
      code: 'ACCESS_ROLE_MISSING',
    })
  })
})
