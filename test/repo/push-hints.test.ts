import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { walkContentMap } from '../../src/objects/content-map.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { findEntry } from '../../src/objects/tree.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { merge } from '../../src/repo/merge.ts'
import { promiseOf, pushHints } from '../../src/repo/push-hints.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { treeOfRevision } from '../../src/repo/versions.ts'
import { author, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
beforeEach(async () => {
  ws = await temporaryWorkspace()
})
afterEach(() => ws.close())

const hintsOf = (tip: ObjectId, have: ObjectId[] = []) =>
  pushHints(ws.workspace, { tip, have, read: ws.workspace.store.read, options: {} })

async function version(files: Record<string, string>): Promise<ObjectId> {
  for (const [path, contents] of Object.entries(files)) ws.write(path, contents)
  return (await ws.commitAll('change')).commit
}

describe('encrypt=yes', () => {
  test('keeps a path from being pushed, and `add` says so already', async () => {
    ws.write('.floeattributes', 'private/ encrypt=yes\n')
    ws.write('private/a', 'secret')
    ws.write('open', 'open')
    const staged = await add(ws.workspace, { all: true })
    expect(staged.warnings).toMatchObject([{ code: 'ENCRYPT_UNAVAILABLE', paths: ['private/a'] }])
    const tip = (await ws.commitAll('one')).commit
    await expect(hintsOf(tip)).rejects.toMatchObject({
      code: 'PUSH_UNENCRYPTED',
      exitCode: 1,
      data: { count: 1, paths: [{ path: 'private/a', commit: tip }] },
    })
  })

  test('holds for a version in the middle that no later one has, whatever became of the rule', async () => {
    const first = await version({ open: 'open' })
    const middle = await version({ '.floeattributes': '*.key encrypt=yes\n', 'x.key': 'secret' })
    const tip = await version({ '.floeattributes': '# nothing\n', 'x.key': 'harmless' })
    await expect(hintsOf(tip, [first])).rejects.toMatchObject({ data: { paths: [{ path: 'x.key', commit: middle }] } })
    // It is there already: nothing of it would be sent.
    expect(await hintsOf(tip, [middle])).toEqual({ retain: null })
  })

  test('holds for what the workspace alone says, and is taken back by `encrypt=no` there and by nothing less', async () => {
    const tip = await version({ '.floeattributes': '*.key encrypt=yes\n', 'x.key': 'secret', other: 'other' })
    ws.write('.floeattributes', '*.key -encrypt\n')
    await expect(hintsOf(tip)).rejects.toMatchObject({ code: 'PUSH_UNENCRYPTED' })
    ws.write('.floeattributes', '*.key encrypt=no\n')
    expect(await hintsOf(tip)).toEqual({ retain: null })
    ws.write('.floeattributes', '*.key encrypt=no\nother encrypt=yes\n')
    await expect(hintsOf(tip)).rejects.toMatchObject({ data: { paths: [{ path: 'other' }] } })
  })

  test('is no reason against a merge that brings nothing new', async () => {
    const base = await version({ open: 'open' })
    await createBranch(ws.workspace, { name: 'side', at: base })
    await switchTo(ws.workspace, { target: 'side' })
    const side = await version({ 'x.key': 'public already' })
    await switchTo(ws.workspace, { target: 'main' })
    const main = await version({ '.floeattributes': '*.key encrypt=yes\n' })
    await merge(ws.workspace, { revision: 'side', author })
    const tip = ws.workspace.refs.headCommit()!
    // The merge alone is new.
    expect(await hintsOf(tip, [main, side])).toEqual({ retain: null })
    await expect(hintsOf(tip, [main])).rejects.toMatchObject({ data: { paths: [{ path: 'x.key', commit: side }] } })
  })
})

describe('retain', () => {
  test('is the longest promise that a path of the version asks for', async () => {
    const tip = await version({
      '.floeattributes': '*.pt retain=30\n*.csv retain=52\nbest.pt retain=permanent\n',
      'a.pt': 'a',
      'd/b.csv': 'b',
    })
    expect(await hintsOf(tip, [tip])).toEqual({ retain: { epochs: 52, path: 'd/b.csv' } })
    const best = await version({ 'best.pt': 'best' })
    const hints = await hintsOf(best, [tip])
    expect(hints).toEqual({ retain: { epochs: Number.POSITIVE_INFINITY, path: 'best.pt' } })
    const paid = { epochs: 26, nowMs: 1000, state: { epochDurationMs: 10 } }
    expect(promiseOf(hints, {}, paid)).toEqual({
      retainUntilMs: 8.64e15,
      retained: { epochs: null, path: 'best.pt', paidEpochs: 26 },
    })
    expect(promiseOf(hints, { retainEpochs: 3 }, paid)).toEqual({ retainUntilMs: 1030 })
    expect(promiseOf({ retain: null }, {}, paid)).toEqual({ retainUntilMs: 1020 })
    expect(promiseOf({ retain: { epochs: 1, path: 'a' } }, {}, paid)).toMatchObject({ retainUntilMs: 1020 })
  })
})

describe('chunking', () => {
  const noise = createRng(3).fill(new Uint8Array(2 ** 21 + 9))

  async function chunksOf(path: string): Promise<number[]> {
    const { tree } = await treeOfRevision(ws.workspace, 'HEAD')
    const entry = (await findEntry(ws.workspace.store.read, tree, path))!
    const lengths: number[] = []
    for await (const { bytes } of walkContentMap(ws.workspace.store.read, entry)) lengths.push(bytes)
    return lengths
  }

  test('decides how files are cut, and leaves those that did not change as they were cut', async () => {
    ws.write('a.db', noise)
    ws.write('b.bin', noise)
    await ws.commitAll('by size')
    const before = await chunksOf('a.db')
    expect(before.length).toBeGreaterThan(10)
    ws.write('.floeattributes', '*.db chunking=fixed\n*.bin chunking=large\n')
    expect((await ws.commitAll('rules')).changes).toEqual({ added: 1, modified: 0, deleted: 0 })
    expect(await chunksOf('a.db')).toEqual(before)
    const changed = Uint8Array.from(noise)
    changed[changed.length - 1]! ^= 1
    ws.write('a.db', changed)
    ws.write('b.bin', changed)
    await ws.commitAll('changed')
    expect(await chunksOf('a.db')).toEqual([2 ** 20, 2 ** 20, 9])
    expect((await chunksOf('b.bin')).slice(0, -1).every((bytes) => bytes >= 2 ** 18)).toBe(true)
  })
})
