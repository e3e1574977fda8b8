import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectId } from '../../src/objects/id.ts'
import { createTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { marksOf } from '../../src/repo/marks.ts'
import { mirror } from '../../src/repo/mirror.ts'
import { push } from '../../src/repo/push.ts'
import { reset } from '../../src/repo/reset.ts'
import { takedown } from '../../src/repo/takedown.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, startLocalWorld } from './local-world.ts'
import { createGrpcClient } from './time.ts'

const DAY_MS = 86_400_000

let world: LocalWorld
let dir: string
let address: string
let version: string
const base = () => ({ ...world.options, revision: 'v1', paths: ['faces'], reason: 'consent withdrawn by letter' })
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('source', { 'a.bin': noise(30_000, 1) })
  const pushed = await push(dir, { ...world.options, create: { name: 'takedown', network: 'local' }, retainEpochs: 20 })
  address = `local:${pushed.repository}`
  version = await world.change(dir, { 'faces/1.bin': noise(20_000, 2), 'faces/2.bin': noise(20_000, 3) })
  {
    await using workspace = await openWorkspace(dir)
    await createTag(workspace, { name: 'v1' })
  }
  await push(dir, { ...world.options, ref: 'v1', retainEpochs: 40 })
  await push(dir, world.options)
}, 90_000)
afterAll(() => world[Symbol.asyncDispose]())

const passDays = (days: number) =>
  createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: BigInt(days * DAY_MS) })
let clones = 0
const cloneOf = (revision: string, more = {}) =>
  clone(`${address}${revision}`, world.path(`clone-${++clones}`), { ...world.options, ...more })

describe('a takedown', { timeout: 90_000 }, () => {
  it('names files that there are, and says which packs go and who loses what', async () => {
    expect(await failure(takedown(dir, { ...base(), paths: ['nothing'] }))).toMatchObject({ code: 'PATH_UNKNOWN' })
    const dry = await takedown(dir, { ...base(), dryRun: true })
    expect(dry).toMatchObject({ $kind: 'dry-run', files: 2, packs: [{ kind: 'data' }], digests: [] })
    const nothingElse = { files: 2, others: [], otherCount: 0, older: { others: [], otherCount: 0 } }
    expect(dry.refs).toEqual([
      { ref: 'heads/main', ...nothingElse },
      { ref: 'tags/v1', ...nothingElse },
    ])
  })

  it('is refused where other files would be lost with it', async () => {
    const all = { ...base(), paths: ['faces/1.bin'] }
    const error = await failure(takedown(dir, all))
    expect(error).toMatchObject({ code: 'TAKEDOWN_SHARED', exitCode: 1 })
    expect(error.data).toMatchObject({ refs: [{ others: ['faces/2.bin'], otherCount: 1 }, {}] })
  })

  it('is for revokers', async () => {
    await openWorkspace(dir)
    const stranger = { ...base(), homeDir: world.path('stranger') }
    expect(await failure(takedown(dir, stranger))).toMatchObject({ code: 'ACCESS_ROLE_MISSING', exitCode: 12 })
  })

  it('proposes removal in spite of the promise, with a status record, and is not called off by gc', async () => {
    const result = await takedown(dir, base())
    expect(result).toMatchObject({ $kind: 'proposed', commit: version })
    expect(Date.parse(result.packs[0]!.removableAt)).toBeLessThan(Date.now() + 2 * DAY_MS)
    const marks = await marksOf(dir, { ...world.options, revision: 'v1' })
    expect(marks).toMatchObject({ status: 'takedown', history: [{ reason: base().reason }] })
    const waiting = await gcRemote(dir, world.options)
    expect(waiting).toMatchObject({ $kind: 'nothing', cancelled: [], taken: [] })
    expect(waiting.waiting).toMatchObject([{ takedown: { reason: base().reason, commit: version } }])
    expect(await gcRemote(dir, { ...world.options, cancel: 'all' })).toMatchObject({ cancelled: [] })
  })

  it('after the grace period leaves readers an error that names the reason', async () => {
    await passDays(2)
    expect(await gcRemote(dir, world.options)).toMatchObject({ $kind: 'changed', taken: [{}] })
    expect(await failure(cloneOf('@v1'))).toMatchObject({
      code: 'COMMIT_TAKEN_DOWN',
      message: expect.stringContaining('by letter'),
    })
    await world.change(dir, { 'b.txt': 'later version\n' })
    await push(dir, world.options)
    const error = await failure(cloneOf(''))
    expect(error).toMatchObject({ code: 'PACK_TAKEN_DOWN', exitCode: 1, message: expect.stringContaining('by letter') })
    await cloneOf('', { filter: ['**', '!faces/**'] })
  })

  it('leaves a mirror all else, of the versions that held it too', async () => {
    const copy = world.path('mirror')
    const { commits, lost } = await mirror(copy, { ...world.options, of: address })
    expect({ commits, lost: lost.length }).toEqual({ commits: 3, lost: 2 })
    expect(await mirror(copy, { ...world.options, full: true })).toMatchObject({ $kind: 'up-to-date', lost })
    await using workspace = await openWorkspace(copy)
    const whole: string[] = []
    for await (const { path, fileId } of listFiles(workspace))
      if (await workspace.store.has('chunk', fileId as ObjectId)) whole.push(path)
    expect(whole).toEqual(['a.bin', 'b.txt'])
  })

  it('finds nothing more to take down then', async () => {
    expect(await takedown(dir, base())).toMatchObject({ $kind: 'nothing', packs: [] })
  })

  it('is not called off by a push that makes the same pack again', async () => {
    const again = await world.workspace('again', { 'a.txt': 'a\n' })
    const first = await push(again, { ...world.options, create: { name: 'again', network: 'local' } })
    const dropped = await world.change(again, { 'face.bin': noise(20_000, 8) })
    await push(again, world.options)
    const resetTo = async (revision: string) => {
      await using workspace = await openWorkspace(again)
      await reset(workspace, { revision, mode: 'hard' })
    }
    await resetTo(first.new)
    await push(again, { ...world.options, force: true })
    const down = { ...world.options, revision: dropped, paths: ['face.bin'], reason: 'by letter' }
    expect(await takedown(again, down)).toMatchObject({ $kind: 'proposed', packs: [{}], refs: [] })
    await resetTo(dropped)
    expect(await failure(push(again, world.options))).toMatchObject({
      code: 'PUSH_TAKEN_DOWN',
      exitCode: 1,
      message: expect.stringContaining('by letter'),
    })
  })
})
