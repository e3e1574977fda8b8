import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { openOrGenerateSigner } from '../../src/ledger/keystore.ts'
import { createRepositoryReader } from '../../src/ledger/repository-state.ts'
import { addBeginPush, addFinishPush, addSegment } from '../../src/ledger/transactions/repository.ts'
import { COMMIT_PREDICATE_TYPE, encodeStatement, STATEMENT_ATTACHMENT } from '../../src/provenance/statement.ts'
import { add } from '../../src/repo/add.ts'
import { createTag } from '../../src/repo/branch.ts'
import { bringRevision } from '../../src/repo/bring-revision.ts'
import { clone } from '../../src/repo/clone.ts'
import { commit } from '../../src/repo/commit.ts'
import { openDataset } from '../../src/repo/dataset.ts'
import { evict } from '../../src/repo/evict.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { get } from '../../src/repo/get.ts'
import { push } from '../../src/repo/push.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
let repository: string
let address: string

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  dir = await world.workspace('ws', { 'a.txt': 'a\n', 'sub/b.bin': noise(120_000, 5), 'sub/c.txt': 'c\n' })
  repository = (await push(dir, { ...world.options, create: { name: 'audit', network: 'local' } })).repository
  address = `local:${repository}`
})

afterAll(() => world[Symbol.asyncDispose]())

/** Moves a ref by calling the contract, as a program other than ours could. */
async function moveRef(commitId: string, tree: string): Promise<void> {
  const ledger = createLedgerClient(world.profile)
  const signer = await openOrGenerateSigner(world.options.homeDir, 'local')
  const reader = createRepositoryReader(ledger, repository, world.profile.floePackageIds)
  const state = await reader.fetchState()
  const ref = (await reader.fetchRef(state, 'refs/heads/main'))!
  const [record] = await reader.fetchPushesAt(state, [ref.push])
  const floe = state.packageId
  await ledger.execute((transaction) => {
    const shared = transaction.object(repository)
    const handle = addBeginPush(transaction, floe, shared, {
      ref: 'refs/heads/main',
      expectedOld: ref.commit,
      generation: state.generation,
      retainUntilMs: 0,
    })
    for (const { pack, offset, bytes } of record!.segments)
      addSegment(transaction, floe, handle, shared, { pack: BigInt(pack), offset, bytes })
    addFinishPush(transaction, floe, handle, shared, {
      commit: commitId,
      tree,
      commitPack: BigInt(ref.commitPack),
      statement: null,
      forced: true,
    })
  }, signer)
}

describe('verify', () => {
  it('says what it proved and on what evidence', async () => {
    const report = await verifyRemote(dir, world.options)
    expect(report).toMatchObject({ ok: true, network: 'local', repository, ref: 'heads/main', full: false, packs: 2 })
    expect(report.checks.map((check) => check.check)).toEqual([
      'repository',
      'ref',
      'commit',
      'containment',
      'blob ids',
      'certificates',
    ])
    for (const check of report.checks) expect(check.evidence.length).toBeGreaterThan(10)
    expect(report.checks[0]!.evidence).toContain(world.profile.rpcUrl)
  })

  it('reads every byte with full, without a workspace, and one path alone', async () => {
    const full = await verifyRemote(address, { ...world.options, full: true })
    expect(full.checks.find((check) => check.check === 'files')?.detail).toContain('3 files')
    expect(full.bytes).toBeGreaterThan(120_000)
    const one = await verifyRemote(dir, { ...world.options, path: 'sub/c.txt' })
    expect(one.checks.find((check) => check.check === 'path')?.detail).toBe('1 files, 2 bytes')
    expect((await verifyRemote(dir, { ...world.options, path: 'sub' })).bytes).toBeGreaterThan(120_000)
    await expect(verifyRemote(dir, { ...world.options, path: 'nope' })).rejects.toMatchObject({ code: 'PATH_UNKNOWN' })
  })

  it('checks the branch or tag that the address names, and nothing in the place of one that is not there', async () => {
    const tagged = await world.workspace('tagged', { 'a.txt': 'a\n' })
    const created = await push(tagged, { ...world.options, create: { name: 'tagged', network: 'local' } })
    {
      await using workspace = await openWorkspace(tagged)
      await createTag(workspace, { name: 'v1' })
    }
    await push(tagged, { ...world.options, ref: 'v1' })
    const there = `local:${created.repository}`
    expect(await verifyRemote(`${there}@v1`, world.options)).toMatchObject({ ref: 'tags/v1' })
    expect(await verifyRemote(`${there}@v1`, { ...world.options, ref: 'main' })).toMatchObject({ ref: 'heads/main' })
    for (const [place, ref] of [
      [`${there}@v2`, undefined],
      [there, 'v2'],
    ] as const)
      expect(await failure(verifyRemote(place, { ...world.options, ref }))).toMatchObject({
        code: 'REMOTE_REF_UNKNOWN',
        exitCode: 2,
        hints: ['It has heads/main, tags/v1'],
      })
  })

  it('checks the statement kept with a commit against the chain', async () => {
    const other = await world.workspace('stated', { 'x.txt': 'x\n' })
    const made = await commitWithStatement(other, { 'x.txt': 'y\n' })
    const pushed = await push(other, { ...world.options, create: { name: 'stated', network: 'local' } })
    expect(pushed.new).toBe(made)
    const report = await verifyRemote(other, world.options)
    const check = report.checks.find((one) => one.check === 'statement')
    expect(check?.detail).toMatch(/attested by 0x[0-9a-f]{64}/)
    const ledger = createLedgerClient(world.profile)
    const reader = createRepositoryReader(ledger, pushed.repository, world.profile.floePackageIds)
    const [attestation] = await reader.fetchAttestations(await reader.fetchState(), made)
    expect(attestation).toMatchObject({ commit: made, predicateType: COMMIT_PREDICATE_TYPE, statement: check!.subject })
  })

  it('refuses a repository that another package rules, unless that package is trusted', async () => {
    const strict = { ...world.options, networks: [{ ...world.profile, floePackageIds: [`0x${'9'.repeat(64)}`] }] }
    for (const attempt of [verifyRemote(address, strict), clone(address, world.path('untrusted'), strict)])
      await expect(attempt).rejects.toMatchObject({ code: 'LEDGER_PACKAGE_UNTRUSTED', exitCode: 13 })
    const trusting = { ...strict, trustPackages: [world.net.floePackageId] }
    expect(await verifyRemote(address, trusting)).toMatchObject({ ok: true })
  })

  it('notices that the log of the remote became shorter', async () => {
    await fetchRemote(dir, world.options)
    const path = join(dir, '.floe', 'remotes', 'origin.json')
    await writeFile(path, JSON.stringify({ repository, pushes: 99 }))
    const shrunk = { code: 'REMOTE_LOG_SHRUNK', exitCode: 13 }
    // Whoever lacks contents is told that as well, and not that a pusher left some out.
    const partial = world.path('behind')
    await clone(address, partial, { ...world.options, useCache: false, filter: ['a.txt'] })
    await writeFile(join(partial, '.floe', 'remotes', 'origin.json'), JSON.stringify({ repository, pushes: 99 }))
    const behind = { ...world.options, useCache: false }
    await using dataset = await openDataset(partial, behind)
    const paths: string[] = []
    for await (const { path } of dataset.list()) if (path !== 'a.txt') paths.push(path)
    // All at once, as each asks again for some seconds.
    const attempts = [
      fetchRemote(dir, world.options),
      get(partial, { ...behind, paths: [''] }),
      bringRevision(partial, 'HEAD', behind),
      dataset.readFile(paths[0]!),
      // And nothing is deleted here because it is said to be there.
      evict(dir, { ...behind, limitBytes: 0 }),
    ]
    for (const { status, reason } of (await Promise.allSettled(attempts)) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected')
      expect(reason).toMatchObject(shrunk)
    }
    await writeFile(path, 'torn')
    await fetchRemote(dir, world.options)
  })

  it('waits for an end point that is behind what was seen', async () => {
    const other = await world.workspace('catching', { 'a.txt': 'a\n' })
    const { repository: own } = await push(other, { ...world.options, create: { name: 'catching', network: 'local' } })
    const behind = world.path('catching-clone')
    await clone(`local:${own}`, behind, world.options)
    await writeFile(join(behind, '.floe', 'remotes', 'origin.json'), JSON.stringify({ repository: own, pushes: 2 }))
    const asked = new Set<string>()
    let pushed: string | undefined
    const catchingUp: typeof fetch = async (input, init) => {
      const question = `${input} ${init?.body ? Buffer.from(init.body as Uint8Array).toString('hex') : ''}`
      if (asked.has(question) && pushed === undefined) {
        pushed = await world.change(other, { 'a.txt': 'b\n' })
        await push(other, world.options)
      }
      asked.add(question)
      return fetch(input, init)
    }
    const fetched = await fetchRemote(behind, { ...world.options, fetch: catchingUp })
    expect(fetched.updated).toMatchObject([{ ref: 'heads/main', new: pushed }])
  })

  it('refuses a tip whose packs lack its commit, names the pusher, and reads earlier states', async () => {
    const missing = 'ab'.repeat(32)
    await moveRef(missing, 'cd'.repeat(32))
    const signer = await openOrGenerateSigner(world.options.homeDir, 'local')
    for (const attempt of [
      () => verifyRemote(address, world.options),
      () => clone(address, world.path('broken'), world.options),
      () => fetchRemote(dir, world.options),
    ]) {
      const error = await failure(attempt())
      expect(error).toMatchObject({
        code: 'REMOTE_TIP_INCOMPLETE',
        exitCode: 13,
        data: { kind: 'commit', id: missing, pusher: signer.address },
      })
    }
    const early = await clone(address, world.path('early'), { ...world.options, atLog: 0 })
    expect(early.files).toBe(3)
    await expect(clone(address, world.path('late'), { ...world.options, atLog: 7 })).rejects.toMatchObject({
      code: 'LOG_ENTRY_UNKNOWN',
    })
  })

  it('refuses a push record that claims another tree than the commit has', async () => {
    await using workspace = await openWorkspace(dir)
    await moveRef(workspace.refs.headCommit()!, 'ef'.repeat(32))
    await expect(verifyRemote(address, world.options)).rejects.toMatchObject({
      code: 'REMOTE_TREE_CLAIM',
      exitCode: 13,
    })
  })

  it('says that packs have expired', async () => {
    const short = await world.workspace('short', { 'x.txt': 'x\n' })
    await push(short, { ...world.options, create: { name: 'short', network: 'local' }, epochs: 1 })
    expect(await verifyRemote(short, world.options)).toMatchObject({ ok: true })
    await world.net.advanceEpoch()
    const error = await failure(verifyRemote(short, world.options))
    // Nodes forget expired blobs, so either they no longer know it or the chain says that it is over.
    expect(['PACK_EXPIRED', 'BLOB_NOT_FOUND']).toContain(error.code)
  })
})

async function commitWithStatement(workspaceDir: string, files: Record<string, string>): Promise<string> {
  for (const [path, content] of Object.entries(files)) await writeFile(join(workspaceDir, path), content)
  await using workspace = await openWorkspace(workspaceDir)
  await add(workspace, { all: true })
  const attachments = (about: { tree: string; parents: string[] }) =>
    new Map([[STATEMENT_ATTACHMENT, encodeStatement({ ...about, code: null })]])
  return (await commit(workspace, { message: 'stated', author: { name: 'T', email: '' }, attachments })).commit
}
