import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { walkCommits } from '../../src/history/commits.ts'
import { type MissingObject, missingObjects, newCommits } from '../../src/history/missing-objects.ts'
import { encodeCommit } from '../../src/objects/commit.ts'
import { walkMapNodes } from '../../src/objects/content-map.ts'
import { type ObjectId, objectKey } from '../../src/objects/id.ts'
import { createMemoryObjects, type ReadObject } from '../../src/objects/reader.ts'
import { walkTreeNodes } from '../../src/objects/tree.ts'
import { type History, randomHistory } from './random-history.ts'

/** Everything reachable, the slow and obvious way. */
async function closure(read: ReadObject, tips: readonly ObjectId[]): Promise<Set<string>> {
  const keys = new Set<string>()
  for await (const { id, commit } of walkCommits(read, tips)) {
    keys.add(objectKey('commit', id))
    for await (const node of walkTreeNodes(read, commit.tree)) {
      keys.add(objectKey('tree', node.id))
      for (const entry of node.entries) {
        if (entry.content?.kind === 'chunk') keys.add(objectKey('chunk', entry.content.id))
        for await (const map of walkMapNodes(read, entry)) {
          keys.add(objectKey('map', map.id))
          if (map.level === 0) for (const { id: chunk } of map.items) keys.add(objectKey('chunk', chunk))
        }
      }
    }
  }
  return keys
}

async function list(history: History, wanted: ObjectId[], have: ObjectId[]): Promise<MissingObject[]> {
  const found: MissingObject[] = []
  for await (const object of missingObjects(history.objects.read, { wanted, have })) found.push(object)
  return found
}

describe('new commits', () => {
  it('are found without a look at the history behind what is known', async () => {
    const objects = createMemoryObjects()
    const ids: ObjectId[] = []
    for (let i = 0; i < 200; i++) {
      const author = { name: 'T', email: '' }
      const record = {
        tree: 'ab'.repeat(32) as ObjectId,
        parents: ids.slice(-1),
        author,
        timeMs: 1000 + i,
        message: 'm',
      }
      ids.push(await objects.write('commit', encodeCommit({ ...record, profile: 1, attachments: new Map() })))
    }
    let reads = 0
    const read: ReadObject = (kind, id, options) => {
      reads++
      return objects.read(kind, id, options)
    }
    const fresh = await newCommits(read, { wanted: [ids.at(-1)!], have: [ids.at(-3)!] })
    expect(fresh.map(({ id }) => id)).toEqual(ids.slice(-2))
    expect(reads).toBeLessThan(10)
  })
})

describe('missing objects', () => {
  it('complete the other side, each once and never before what they refer to', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const history = await randomHistory(seed, { commits: 20, files: 150, maxParents: 3, skewMs: seed > 2 ? 5000 : 0 })
      const { read } = history.objects
      const rng = createRng(seed)
      for (let round = 0; round < 6; round++) {
        const pick = () => history.commits[rng.below(history.commits.length)]!.id
        const wanted = [pick(), pick()]
        const have = round === 0 ? [] : [pick()]
        const there = await closure(read, have)
        const objects = await list(history, wanted, have)
        const keys = objects.map(({ kind, id }) => objectKey(kind, id))
        expect(new Set(keys).size, `seed ${seed} round ${round}`).toBe(keys.length)
        const complete = await closure(read, wanted)
        for (const key of keys) expect(complete.has(key)).toBe(true)
        for (const key of keys) there.add(key)
        for (const key of complete) expect(there.has(key), `${key} seed ${seed} round ${round}`).toBe(true)
        if (round === 0) expect(keys.length).toBe(complete.size)
      }
    }
  })

  it('are few after a small change, and finding them reads little', async () => {
    const history = await randomHistory(7, { commits: 2, files: 3000 })
    const [before, after] = history.commits as [History['commits'][0], History['commits'][0]]
    let reads = 0
    const read: ReadObject = (kind, id, options) => {
      reads++
      return history.objects.read(kind, id, options)
    }
    const found: MissingObject[] = []
    for await (const object of missingObjects(read, { wanted: [after.id], have: [before.id] })) found.push(object)
    expect(found.length).toBeGreaterThan(0)
    expect(found.length).toBeLessThan(40)
    expect(reads).toBeLessThan(80)
    expect(found.at(-1)).toEqual({ kind: 'commit', id: after.id })
    expect(await list(history, [after.id], [after.id])).toEqual([])
  })

  it('do not need what was never fetched of the parent', async () => {
    const history = await randomHistory(8, { commits: 2, files: 50 })
    const [before, after] = history.commits as [History['commits'][0], History['commits'][0]]
    const { objects } = history.objects
    // The parent's commit is known, its tree is not: everything of the child counts as new.
    for (const key of await closure(history.objects.read, [before.id]))
      if (key.startsWith('tree:') && !(await closure(history.objects.read, [after.id])).has(key)) objects.delete(key)
    objects.delete(objectKey('tree', before.tree))
    const found = await list(history, [after.id], [before.id])
    expect(found.filter(({ kind }) => kind === 'tree').length).toBeGreaterThan(0)
  })

  it('fail with the name of the object when something to be pushed is gone', async () => {
    const history = await randomHistory(9, { commits: 1, files: 20 })
    const [only] = history.commits
    history.objects.objects.delete(objectKey('tree', only!.tree))
    await expect(list(history, [only!.id], [])).rejects.toMatchObject({
      code: 'OBJECT_MISSING',
      data: { id: only!.tree },
    })
  })

  it('come in (path, offset) order within a commit', async () => {
    const history = await randomHistory(10, { commits: 1, files: 200 })
    const [only] = history.commits
    const expected: string[] = []
    const { read } = history.objects
    for await (const node of walkTreeNodes(read, only!.tree))
      for (const entry of node.entries) {
        if (entry.content?.kind === 'chunk') expected.push(entry.content.id)
        for await (const map of walkMapNodes(read, entry))
          if (map.level === 0) expected.push(...map.items.map(({ id }) => id))
      }
    const chunks = (await list(history, [only!.id], [])).filter(({ kind }) => kind === 'chunk')
    expect(chunks.map(({ id }) => id)).toEqual([...new Set(expected)])
  })
})
