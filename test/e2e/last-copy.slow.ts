/** What would take away the last copy of something: local packs over which somebody else's word is taken, remote packs that
 *  only this workspace needs, takedowns of packs with other things in them. */

import { readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { objectIdFor } from '../../src/objects/id.ts'
import { grantAccess } from '../../src/repo/access.ts'
import { createBranch, deleteBranch } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { evict } from '../../src/repo/evict.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { generateKey } from '../../src/repo/key.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { readRemote } from '../../src/repo/remote.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { takedown } from '../../src/repo/takedown.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, startLocalWorld } from './local-world.ts'
import { lyingPush } from './lying-push.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld()
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

/** Another key, which may write to the repository. */
async function otherWriter(dir: string, alias: string) {
  const { address } = await generateKey(world.options.homeDir, { alias })
  await requestFaucet({ ...world.options, network: 'local', address })
  await grantAccess(dir, { ...world.options, address, role: 'writer' })
  return { ...world.options, key: { $kind: 'alias' as const, name: alias } }
}

describe('evicting what somebody else has pushed', { timeout: 120_000 }, () => {
  it('reads it back first: an index that lies costs no contents, one that does not gives space', async () => {
    const dir = await world.workspace('claimed', { 'a.txt': 'a\n' })
    const { repository } = await push(dir, { ...world.options, create: { name: 'claimed', network: 'local' } })
    const others = world.path('claimed-other')
    await clone(`local:${repository}`, others, world.options)
    const theirs = await otherWriter(dir, 'claimant')
    // Both have the contents; neither has had them from the other.
    const [lied, true_] = [noise(9_000, 1), noise(30_000, 2)]
    await world.change(dir, { 'lied.bin': lied, 'true.bin': true_ })
    {
      await using workspace = await openWorkspace(dir)
      await createBranch(workspace, { name: 'here' })
      await reset(workspace, { revision: 'HEAD~1', mode: 'hard' })
    }
    await world.change(others, { 'x/true.bin': true_ })
    await push(others, theirs)
    await world.change(others, { 'x/lied.bin': lied })
    await lyingPush(others, repository, {
      options: theirs,
      epochs: 10,
      lie: { id: objectIdFor('chunk', lied), bytes: noise(9_000, 3) },
    })
    await fetchRemote(dir, world.options)
    const result = await evict(dir, { ...world.options, limitBytes: 0 })
    await using workspace = await openWorkspace(dir)
    await restore(workspace, { paths: ['lied.bin'], source: 'here' })
    expect(await readFile(join(dir, 'lied.bin'))).toEqual(Buffer.from(lied))
    expect(await workspace.store.has('chunk', objectIdFor('chunk', true_))).toBe(false)
    expect(result).toMatchObject({ $kind: 'evicted', readBack: { chunks: 1, bytes: 30_000 } })
  })
})

describe('evicting what is certified for a short time', { timeout: 120_000 }, () => {
  it('leaves what ends within three epochs: the copy here is what revives it', async () => {
    const dir = await world.workspace('short-lived', { 'a.bin': noise(20_000, 41) })
    await push(dir, { ...world.options, create: { name: 'short-lived', network: 'local' }, epochs: 2 })
    const options = { ...world.options, limitBytes: 0 }
    expect(await evict(dir, options)).toMatchObject({ $kind: 'nothing', chunks: 0, uncertified: 1 })
    await world.change(dir, { 'b.bin': noise(10_000, 42) })
    await push(dir, { ...world.options, epochs: 3 })
    expect(await evict(dir, options)).toMatchObject({ $kind: 'evicted', chunks: 2, uncertified: 0 })
  })
})

describe('a remote pack that nothing but this workspace needs', { timeout: 120_000 }, () => {
  /** Two files in a pack of their own, on no branch of the remote and not in local packs: `keep` here needs them. */
  async function dropped(name: string) {
    const dir = await world.workspace(name, { 'a.txt': 'a\n' })
    await push(dir, { ...world.options, create: { name, network: 'local' } })
    await world.change(dir, { 'big.bin': noise(40_000, 11), 'secret.bin': noise(20_000, 12) })
    await push(dir, world.options)
    expect(await evict(dir, { ...world.options, limitBytes: 0 })).toMatchObject({ $kind: 'evicted' })
    await using workspace = await openWorkspace(dir)
    await createBranch(workspace, { name: 'keep' })
    await reset(workspace, { revision: 'HEAD~1', mode: 'hard' })
    await push(dir, { ...world.options, force: true })
    return dir
  }
  const collect = (dir: string) => gcRemote(dir, world.options)

  it('stays as long as a branch or a log here leads to what it holds', async () => {
    const dir = await dropped('unpushed')
    expect(await collect(dir)).toMatchObject({ proposed: [], kept: [{ reason: 'needed-here' }] })
    {
      await using workspace = await openWorkspace(dir)
      await deleteBranch(workspace, { name: 'keep', force: true })
    }
    // HEAD was there.
    expect(await collect(dir)).toMatchObject({ proposed: [], kept: [{ reason: 'needed-here' }] })
    {
      await using workspace = await openWorkspace(dir)
      for (const ref of ['HEAD', 'heads/main'])
        workspace.fs.unlink(`${workspace.floeDir}/reflog/${ref === 'HEAD' ? ref : `refs/${ref}`}`)
    }
    expect(await collect(dir)).toMatchObject({ proposed: [{ kind: 'data' }], kept: [] })
  })

  it('is taken back into use where its removal was proposed before', async () => {
    const dir = await dropped('proposed')
    const other = world.path('proposed-other')
    await using workspace = await openWorkspace(dir)
    const { repository } = readRemote(workspace, 'origin')
    await clone(`local:${repository}`, other, world.options)
    const { proposed } = await collect(other)
    expect(proposed).toMatchObject([{ kind: 'data' }])
    expect(await collect(dir)).toMatchObject({ cancelled: [proposed[0]!.number], taken: [] })
  })

  it('goes in a purge, which brings here what is needed of it', async () => {
    const dir = await dropped('purged')
    const result = await purge(dir, { ...world.options, paths: ['secret.bin'], yes: true })
    expect(result.remote).toMatchObject({
      packs: [{ kind: 'data' }],
      inUse: [],
      brought: { objects: 1, bytes: 40_000 },
    })
    await using workspace = await openWorkspace(dir)
    await restore(workspace, { paths: ['big.bin'], source: 'keep' })
    expect(await readFile(join(dir, 'big.bin'))).toEqual(Buffer.from(noise(40_000, 11)))
  })
})

describe('a takedown', { timeout: 120_000 }, () => {
  const ask = { revision: 'main', paths: ['secret.bin'], reason: 'a request' }

  it('does not believe that another pack has what it would take along', async () => {
    const other = noise(9_000, 22)
    const dir = await world.workspace('taken', { 'other.bin': other, 'secret.bin': noise(20_000, 21) })
    const { repository } = await push(dir, { ...world.options, create: { name: 'taken', network: 'local' } })
    const others = world.path('taken-other')
    await clone(`local:${repository}`, others, world.options)
    const theirs = await otherWriter(dir, 'takedown-liar')
    await world.change(others, { 'c.txt': 'c\n' })
    await lyingPush(others, repository, {
      options: theirs,
      epochs: 10,
      lie: { id: objectIdFor('chunk', other), bytes: noise(9_000, 23) },
    })
    const { refs } = await takedown(dir, { ...world.options, ...ask, dryRun: true })
    expect(refs).toMatchObject([{ ref: 'heads/main', files: 1, others: ['other.bin'], otherCount: 1 }])
    // Once an honest pack has it as well, nothing else is lost.
    await world.change(others, { 'd.txt': 'd\n' })
    await lyingPush(others, repository, {
      options: theirs,
      epochs: 10,
      lie: { id: objectIdFor('chunk', other), bytes: other },
    })
    expect((await takedown(dir, { ...world.options, ...ask, dryRun: true })).refs).toMatchObject([
      { files: 1, others: [], otherCount: 0 },
    ])
  })

  it('says what earlier versions lose, and is refused for that as well', async () => {
    const dir = await world.workspace('history', { 'old.bin': noise(30_000, 24), 'secret.bin': noise(20_000, 25) })
    await push(dir, { ...world.options, create: { name: 'history', network: 'local' } })
    await unlink(join(dir, 'old.bin'))
    await world.change(dir, { 'new.txt': 'new\n' })
    await push(dir, world.options)
    const { refs } = await takedown(dir, { ...world.options, ...ask, dryRun: true })
    expect(refs).toMatchObject([{ files: 1, otherCount: 0, older: { otherCount: 1 } }])
    expect(refs[0]!.older.others[0]).toMatch(/^old\.bin at [0-9a-f]{12}$/)
    expect(await failure(takedown(dir, { ...world.options, ...ask }))).toMatchObject({ code: 'TAKEDOWN_SHARED' })
    expect(await takedown(dir, { ...world.options, ...ask, despiteOthers: true })).toMatchObject({ $kind: 'proposed' })
  })
})
