import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { createMemoryObjects } from '../../src/objects/reader.ts'
import { buildTree, comparePaths, type TreeEntry } from '../../src/objects/tree.ts'
import { FirstTree } from '../../src/repo/first-tree.ts'
import { nameWarnings } from '../../src/repo/name-warnings.ts'

const entry = (path: string): TreeEntry => {
  const fileId = sha256Hex(Buffer.from(path)) as ObjectId
  return { path, kind: 'file', executable: false, bytes: path.length, fileId, content: { kind: 'chunk', id: fileId } }
}

/** Adds so many at once, then lets others go on. */
async function added(paths: readonly string[], atOnce = 7): Promise<FirstTree> {
  const tree = new FirstTree()
  for (const [index, path] of paths.entries()) {
    tree.add(entry(path))
    if (index % atOnce === 0) await new Promise(setImmediate)
  }
  return tree
}

const name = fc.stringMatching(/^[a-c.é-]{1,3}$/).filter((text) => !/^\.{1,2}$/.test(text))
const paths = fc
  .uniqueArray(
    fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    { minLength: 1, maxLength: 120 },
  )
  .map((all) => all.filter((path) => !all.some((other) => path.startsWith(`${other}/`))).sort(comparePaths))

describe('the tree of a first version', () => {
  it('is that of all its files, however many are added at once, with the nodes that has', async () => {
    await fc.assert(
      fc.asyncProperty(paths, fc.integer({ min: 1, max: 50 }), async (sorted, atOnce) => {
        const [whole, parts] = [createMemoryObjects(), createMemoryObjects()]
        const id = await buildTree(sorted.map(entry), whole.write)
        const built = await (await added(sorted, atOnce)).finish(parts.write)
        expect(built!.id).toBe(id)
        expect(parts.objects).toEqual(whole.objects)
        const warnings = await nameWarnings(whole.read, null, () => sorted)
        expect(await nameWarnings(whole.read, null, () => sorted, built!.names)).toEqual(warnings)
      }),
      { seed: 61, numRuns: 150 },
    )
  })

  it('has several levels of nodes where there are many files', async () => {
    const rng = createRng(1)
    const many = Array.from({ length: 9000 }, (_, i) => `f/${i}-${rng.below(1e9)}`).sort(comparePaths)
    const [whole, parts] = [createMemoryObjects(), createMemoryObjects()]
    const id = await buildTree(many.map(entry), whole.write)
    expect((await (await added(many, 500)).finish(parts.write))!.id).toBe(id)
    expect([...parts.objects.keys()].sort()).toEqual([...whole.objects.keys()].sort())
  })

  it('is left to others where files come out of order, twice, or below one another; nothing is stored then', async () => {
    for (const wrong of [['a', 'c', 'b'], ['a', 'a'], ['a', 'a/b'], ['a', 'b', 'b/c', 'd'], []]) {
      const memory = createMemoryObjects()
      expect(await (await added(wrong)).finish(memory.write)).toBeUndefined()
      expect(memory.objects.size).toBe(0)
    }
  })
})
