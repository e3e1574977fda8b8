import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { EMPTY_FILE_ID, type ObjectId, objectIdFor, objectKey } from '../../src/objects/id.ts'
import { createMemoryObjects, type ReadObject } from '../../src/objects/reader.ts'
import {
  buildTree,
  comparePaths,
  createTreeNodeCache,
  diffTrees,
  encodeTreeNode,
  findEntry,
  parseTreeNode,
  proveEntry,
  sameEntry,
  type TreeChange,
  type TreeDifference,
  type TreeEntry,
  treeNodeIds,
  treeTotals,
  updateTree,
  verifyEntryProof,
  verifyTree,
  walkTree,
} from '../../src/objects/tree.ts'
import { MAX_TREE_NODE_ITEMS, pathLevel } from '../../src/objects/tree-node.ts'

function file(path: string, text = path): TreeEntry {
  const content = utf8(text)
  const fileId = objectIdFor('chunk', content)
  if (content.length === 0) return { path, kind: 'file', executable: false, bytes: 0, fileId, content: null }
  const ref = { kind: 'chunk', id: fileId } as const
  return { path, kind: 'file', executable: false, bytes: content.length, fileId, content: ref }
}

function sortEntries(entries: Iterable<TreeEntry>): TreeEntry[] {
  return [...entries].sort((a, b) => comparePaths(a.path, b.path))
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

function counting(read: ReadObject): { read: ReadObject; count: () => number } {
  let count = 0
  return {
    count: () => count,
    read: (kind, id, options) => {
      count++
      return read(kind, id, options)
    },
  }
}

function datasetPaths(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `train/shard-${String(i % 97).padStart(3, '0')}/sample-${i}.bin`)
}

const randomPaths = fc
  .uniqueArray(fc.stringMatching(/^[ab!é/]{0,1}[a-d!.é]{1,3}(\/[a-d]{1,2}){0,2}$/), { maxLength: 300 })
  .map((paths) => paths.filter((path) => !/(^|\/)\.{1,2}(\/|$)|^\//.test(path)))

/** Drops paths that have a file above them. */
function withoutConflicts(paths: Iterable<string>): string[] {
  const kept: string[] = []
  for (const path of [...paths].sort(comparePaths)) {
    const previous = kept.at(-1)
    if (previous === undefined || !path.startsWith(`${previous}/`)) kept.push(path)
  }
  return kept
}

describe('building', () => {
  test('the empty tree is one empty leaf', async () => {
    const { read, write, objects } = createMemoryObjects()
    const root = await buildTree([], write)
    expect(objects.size).toBe(1)
    expect(await collect(walkTree(read, root))).toEqual([])
    expect(await treeTotals(read, root)).toEqual({ entries: 0, bytes: 0 })
  })

  test('what was put in comes out, in order, and passes the full check', async () => {
    await fc.assert(
      fc.asyncProperty(randomPaths, async (paths) => {
        const { read, write } = createMemoryObjects()
        const entries = withoutConflicts(paths).map((path) => file(path))
        const root = await buildTree(entries, write)
        expect(await collect(walkTree(read, root))).toEqual(entries)
        expect((await verifyTree(read, root)).entries).toBe(entries.length)
        for (const entry of entries.slice(0, 5)) expect(await findEntry(read, root, entry.path)).toEqual(entry)
      }),
      { numRuns: 40 },
    )
  })

  test('all modes and contents survive', async () => {
    const { read, write } = createMemoryObjects()
    const mapId = objectIdFor('map', utf8('m'))
    const big = { kind: 'file', executable: true, bytes: 2 ** 40, fileId: objectIdFor('chunk', utf8('big')) } as const
    const entries: TreeEntry[] = [
      { path: 'a big one', ...big, content: { kind: 'map', id: mapId } },
      { path: 'empty', kind: 'file', executable: false, bytes: 0, fileId: EMPTY_FILE_ID, content: null },
      { ...file('link', '../target'), kind: 'symlink' },
      file('-leading dash 🧊'),
    ]
    const root = await buildTree(sortEntries(entries), write)
    expect(await collect(walkTree(read, root))).toEqual(sortEntries(entries))
  })

  test('a path below another is refused', async () => {
    const { write } = createMemoryObjects()
    await expect(buildTree([file('a'), file('a/b')], write)).rejects.toMatchObject({ code: 'PATH_CONFLICT' })
    await expect(buildTree([file('b'), file('a')], write)).rejects.toThrow(RangeError)
    await expect(buildTree([file('.git/config')], write)).rejects.toMatchObject({ code: 'PATH_REFUSED' })
  })

  test('names ground to avoid every boundary still make bounded nodes', async () => {
    const paths: string[] = []
    for (let i = 0; paths.length < 5000; i++) if (pathLevel(`n${i}`) === 0) paths.push(`n${i}`)
    const { read, write, objects } = createMemoryObjects()
    const root = await buildTree(sortEntries(paths.map((path) => file(path, 'x'))), write)
    for (const bytes of objects.values()) {
      const node = parseTreeNode(bytes)
      expect(node.entries.length + node.links.length).toBeLessThanOrEqual(MAX_TREE_NODE_ITEMS)
    }
    expect((await verifyTree(read, root)).entries).toBe(5000)
  })

  test('paths of 4,095 bytes make nodes below 20 KiB, and levels stay few', async () => {
    const segment = 'x'.repeat(254)
    const paths = Array.from({ length: 200 }, (_, i) => `${`${segment}/`.repeat(16).slice(0, 4091)}${1000 + i}`)
    const { read, write, objects } = createMemoryObjects()
    const root = await buildTree(sortEntries(paths.map((path) => file(path, 'x'))), write)
    for (const bytes of objects.values()) expect(bytes.length).toBeLessThan(20 * 1024)
    expect((await verifyTree(read, root)).entries).toBe(200)
  })

  test('names ground to have high levels cannot make a tree of more than twelve', async () => {
    const tall: string[] = []
    for (let i = 0; tall.length < 3; i++) if (pathLevel(`t${i}`) >= 2) tall.push(`t${i}`)
    const { read, write } = createMemoryObjects()
    const entries = sortEntries([...tall, 'a', 'u', 'z'].map((path) => file(path)))
    const root = await buildTree(entries, write)
    expect((await verifyTree(read, root)).entries).toBe(6)
    expect(await updateTree(read, write, root, [{ path: 'z', entry: null }])).toBe(
      await buildTree(entries.slice(0, -1), write),
    )
  })
})

describe('updating', () => {
  test('gives the same root as building anew, whatever the changes', async () => {
    const pool = datasetPaths(3000)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(40), fc.nat(1500), async (seed, few, size) => {
        const rng = createRng(seed)
        const { read, write } = createMemoryObjects()
        const model = new Map<string, TreeEntry>()
        for (let i = 0; i < size; i++) {
          const path = pool[rng.below(pool.length)]!
          model.set(path, file(path))
        }
        let root = await buildTree(sortEntries(model.values()), write)
        for (let round = 0; round < 4; round++) {
          const changes = new Map<string, TreeChange>()
          const spread = rng.below(2) === 0 ? pool.length : 60
          const count = round === 3 && few % 7 === 0 ? 3 * size : few
          for (let i = 0; i < count; i++) {
            const path = pool[rng.below(spread)]!
            const entry = rng.below(3) === 0 ? file(path, `v${round}`) : null
            changes.set(path, { path, entry })
          }
          if (round === 2 && few % 5 === 0)
            // All but a stretch in the middle goes.
            for (const path of sortEntries(model.values())
              .slice(200)
              .map((entry) => entry.path))
              changes.set(path, { path, entry: null })
          for (const { path, entry } of changes.values()) entry ? model.set(path, entry) : model.delete(path)
          const sorted = [...changes.values()].sort((a, b) => comparePaths(a.path, b.path))
          root = await updateTree(read, write, root, sorted)
          expect(root).toBe(await buildTree(sortEntries(model.values()), createMemoryObjects().write))
        }
        expect((await verifyTree(read, root)).entries).toBe(model.size)
      }),
      { numRuns: 25 },
    )
  })

  test('small alphabets, conflicts and replaced directories behave as in a model', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomPaths,
        randomPaths,
        fc.array(fc.boolean(), { minLength: 300, maxLength: 300 }),
        async (a, b, keep) => {
          const { read, write } = createMemoryObjects()
          const first = withoutConflicts(a)
          const root = await buildTree(
            first.map((path) => file(path)),
            write,
          )
          const second = withoutConflicts(new Set([...first.filter((_, i) => keep[i % 300]), ...b]))
          const changes = new Map<string, TreeChange>()
          for (const path of first) if (!second.includes(path)) changes.set(path, { path, entry: null })
          for (const path of second) changes.set(path, { path, entry: file(path, `new ${path}`) })
          const sorted = [...changes.values()].sort((x, y) => comparePaths(x.path, y.path))
          const updated = await updateTree(read, write, root, sorted)
          expect(updated).toBe(
            await buildTree(
              second.map((path) => file(path, `new ${path}`)),
              write,
            ),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a file put above existing paths is refused, even where a node ends', async () => {
    const paths = Array.from({ length: 400 }, (_, i) => `d${i}/x`)
    const { read, write } = createMemoryObjects()
    const root = await buildTree(sortEntries(paths.map((path) => file(path))), write)
    for (const path of paths.map((below) => below.slice(0, -2)))
      await expect(updateTree(read, write, root, [{ path, entry: file(path) }])).rejects.toMatchObject({
        code: 'PATH_CONFLICT',
      })
    await expect(updateTree(read, write, root, [{ path: 'd7/x/y', entry: file('d7/x/y') }])).rejects.toMatchObject({
      code: 'PATH_CONFLICT',
    })
  })

  test('no changes give the old root without a write', async () => {
    const { read, write } = createMemoryObjects()
    const root = await buildTree([file('a')], write)
    expect(await updateTree(read, () => Promise.reject(new Error('written')), root, [])).toBe(root)
    expect(await updateTree(read, () => Promise.reject(new Error('written')), root, [{ path: 'b', entry: null }])).toBe(
      root,
    )
  })
})

describe('among 100,000 files', () => {
  const memory = createMemoryObjects()
  let root: ObjectId
  beforeAll(async () => {
    root = await buildTree(sortEntries(datasetPaths(100_000).map((path) => file(path, 'x'))), memory.write)
  })

  test('nodes have bounded sizes, and one lookup reads one node per level', async () => {
    const sizes = [...memory.objects.values()].map((bytes) => bytes.length)
    expect(Math.max(...sizes)).toBeLessThan(12 * 1024)
    expect(sizes.length).toBeGreaterThan(1500)
    expect(sizes.length).toBeLessThan(3500)
    const counted = counting(memory.read)
    expect(await findEntry(counted.read, root, 'train/shard-007/sample-7.bin')).toBeDefined()
    expect(counted.count()).toBeLessThanOrEqual(5)
  })

  test('a few changes among 100,000 files read and write a few nodes', async () => {
    let written = 0
    const counted = counting(memory.read)
    const changes = [10, 50_000, 99_999]
      .map((i) => datasetPaths(100_000)[i]!)
      .map((path) => ({ path, entry: file(path, 'new') }))
    const next = await updateTree(
      counted.read,
      (kind, bytes) => {
        written++
        return memory.write(kind, bytes)
      },
      root,
      changes.sort((a, b) => comparePaths(a.path, b.path)),
    )
    expect(written).toBeLessThanOrEqual(12)
    expect(counted.count()).toBeLessThanOrEqual(24)
    const diffing = counting(memory.read)
    const differences = await collect(diffTrees(diffing.read, root, next))
    expect(differences.map(({ path }) => path)).toEqual(changes.map(({ path }) => path))
    expect(diffing.count()).toBeLessThanOrEqual(24)
    // One path of them: what is the same on the way to it is not read.
    const one = counting(memory.read)
    const prefix = datasetPaths(100_000)[20_000]!
    expect(await collect(diffTrees(one.read, root, next, { prefix }))).toEqual([])
    expect(one.count()).toBeLessThanOrEqual(4)
  })
})

describe('walking', () => {
  test('a prefix and a start give what a filter gives, and read little', async () => {
    const memory = createMemoryObjects()
    const entries = sortEntries([...datasetPaths(5000), 'train!', 'train.txt', 'zebra'].map((path) => file(path)))
    const root = await buildTree(entries, memory.write)
    for (const prefix of ['train/shard-001', 'train', 'zebra', 'train!', 'tra', 'train/shard-096', 'none'])
      for (const after of [undefined, 'train/shard-001/sample-1068.bin', 'train/shard-050', 'zebra']) {
        const counted = counting(memory.read)
        const expected = entries.filter(
          ({ path }) =>
            (path === prefix || path.startsWith(`${prefix}/`)) &&
            (after === undefined || comparePaths(path, after) > 0),
        )
        expect(await collect(walkTree(counted.read, root, { prefix, after }))).toEqual(expected)
        expect(counted.count()).toBeLessThan(10 + expected.length / 10)
      }
  })

  test('the difference is what two sorted lists say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(800), fc.nat(800), async (seed, m, n) => {
        const rng = createRng(seed)
        const { read, write } = createMemoryObjects()
        const pool = datasetPaths(1200)
        const side = (count: number) => {
          const chosen = new Map<string, TreeEntry>()
          for (let i = 0; i < count; i++) {
            const path = pool[rng.below(pool.length)]!
            chosen.set(path, file(path, rng.below(10) === 0 ? 'changed' : path))
          }
          return chosen
        }
        const before = side(m)
        const after = seed % 2 ? side(n) : new Map([...before].filter(() => rng.below(50) > 0))
        const a = await buildTree(sortEntries(before.values()), write)
        const b = await buildTree(sortEntries(after.values()), write)
        const expected = [...new Set([...before.keys(), ...after.keys()])]
          .sort(comparePaths)
          .flatMap((path): TreeDifference[] => {
            const x = before.get(path)
            const y = after.get(path)
            if (x && y) return sameEntry(x, y) ? [] : [{ path, before: x, after: y }]
            return [x ? { path, before: x } : { path, after: y }]
          })
        expect(await collect(diffTrees(read, a, b))).toEqual(expected)
        expect(await collect(diffTrees(read, null, b))).toHaveLength(after.size)
        const some = pool[rng.below(pool.length)]!
        const nodes = createTreeNodeCache()
        for (const prefix of [some, some.slice(0, some.lastIndexOf('/')), some.split('/')[0]!, 'none'])
          for (const options of [{ prefix }, { prefix, nodes }])
            expect(await collect(diffTrees(read, a, b, options))).toEqual(
              expected.filter(({ path }) => path === prefix || path.startsWith(`${prefix}/`)),
            )
      }),
      { numRuns: 20 },
    )
  })

  test('of versions that follow each other, what is remembered is read once', async () => {
    const { read, write } = createMemoryObjects()
    const entries = sortEntries(datasetPaths(400).map((path) => file(path)))
    const roots = [await buildTree(entries, write)]
    for (let i = 0; i < 20; i++)
      roots.push(await updateTree(read, write, roots.at(-1)!, [{ path: 'train!', entry: file('train!', `${i}`) }]))
    const [plain, remembering] = [counting(read), counting(read)]
    const nodes = createTreeNodeCache()
    for (const [i, root] of roots.slice(1).entries())
      for (const { read, ...options } of [plain, { ...remembering, nodes }])
        expect(await collect(diffTrees(read, roots[i]!, root, { prefix: 'train', ...options }))).toEqual([])
    // All but the very first has been the newer one before it is the older.
    expect(remembering.count()).toBeLessThan(plain.count() / 2 + 4)
    expect(remembering.count()).toBeGreaterThanOrEqual(roots.length)
  })

  test('the ids of all nodes are what was stored', async () => {
    const { read, write, objects } = createMemoryObjects()
    const root = await buildTree(sortEntries(datasetPaths(3000).map((path) => file(path))), write)
    const ids = await collect(treeNodeIds(read, root))
    expect(new Set(ids.map((id) => objectKey('tree', id)))).toEqual(new Set(objects.keys()))
    const skipped = await collect(treeNodeIds(read, root, { skip: (id) => id !== root }))
    expect(skipped).toEqual([root])
  })
})

describe('proofs', () => {
  test('show what is there and what is not, and nothing else', async () => {
    const { read, write } = createMemoryObjects()
    const paths = datasetPaths(2000)
    const root = await buildTree(sortEntries(paths.map((path) => file(path))), write)
    for (const path of [paths[0]!, paths[1234]!, 'absent', 'train/shard-050/a', 'zzz', 'train']) {
      const { nodes, entry } = await proveEntry(read, root, path)
      expect(entry?.path).toBe(paths.includes(path) ? path : undefined)
      expect(await verifyEntryProof(root, path, { nodes })).toEqual(entry)
      await expect(verifyEntryProof(root, path, { nodes: [...nodes, nodes[0]!] })).rejects.toMatchObject({
        code: 'TREE_PROOF_INVALID',
      })
      for (const [index, node] of nodes.entries()) {
        const forged = node.slice()
        forged[forged.length >> 1]! ^= 1
        await expect(verifyEntryProof(root, path, { nodes: nodes.with(index, forged) })).rejects.toMatchObject({
          code: 'TREE_PROOF_INVALID',
        })
      }
      await expect(verifyEntryProof(root, path, { nodes: nodes.slice(0, -1) })).rejects.toMatchObject({
        code: 'TREE_PROOF_INVALID',
      })
    }
  })
})

describe('trees built otherwise are refused', () => {
  async function storeNodes(leaves: TreeEntry[][]): Promise<{ read: ReadObject; root: ObjectId }> {
    const { read, write } = createMemoryObjects()
    const links = []
    for (const entries of leaves) {
      const id = await write('tree', encodeTreeNode({ level: 0, entries, links: [] }))
      links.push({
        path: entries.at(-1)!.path,
        id,
        entries: entries.length,
        bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
      })
    }
    return { read, root: await write('tree', encodeTreeNode({ level: 1, entries: [], links })) }
  }
  const malformed = { code: 'TREE_MALFORMED', kind: 'integrity' }
  const cuts: string[] = []
  const plain: string[] = []
  for (let i = 0; cuts.length < 2 || plain.length < 200; i++) {
    const path = `p${String(i).padStart(6, '0')}`
    ;(pathLevel(path) > 0 ? cuts : plain).push(path)
  }

  test('a node that goes on after a cut', async () => {
    const { read, write } = createMemoryObjects()
    const entries = [file(cuts[0]!), file(cuts[1]!)]
    const root = await write('tree', encodeTreeNode({ level: 0, entries, links: [] }))
    await expect(collect(walkTree(read, root))).rejects.toMatchObject(malformed)
    const tooMany = plain.slice(0, 129).map((path) => file(path, 'x'))
    const wide = await write('tree', encodeTreeNode({ level: 0, entries: tooMany, links: [] }))
    await expect(findEntry(read, wide, plain[0]!)).rejects.toMatchObject(malformed)
  })

  test('a node that ends before a cut', async () => {
    const { read, root } = await storeNodes([[file(plain[0]!)], [file(plain[1]!)]])
    await expect(findEntry(read, root, plain[0]!)).rejects.toMatchObject(malformed)
    expect(await findEntry(read, root, plain[1]!)).toBeDefined()
  })

  test('an only child', async () => {
    const { read, root } = await storeNodes([[file(cuts[0]!)]])
    await expect(verifyTree(read, root)).rejects.toMatchObject(malformed)
  })

  test('children that overlap, or stand below a file of the one before', async () => {
    const overlapping = await storeNodes([[file(cuts[0]!)], [file(cuts[0]!), file(`${cuts[0]}z`)]])
    await expect(verifyTree(overlapping.read, overlapping.root)).rejects.toMatchObject(malformed)
    const below = await storeNodes([[file(cuts[0]!)], [file(`${cuts[0]}/x`)]])
    await expect(verifyTree(below.read, below.root)).rejects.toMatchObject(malformed)
  })

  test('links that lie about the last path, the counts or the level', async () => {
    const good = { entries: [file(cuts[0]!)], last: [file(cuts[1]!)] }
    for (const lie of [{ path: `${cuts[0]}0` }, { entries: 2 }, { bytes: 9 }]) {
      const { read, write } = createMemoryObjects()
      const id = await write('tree', encodeTreeNode({ level: 0, entries: good.entries, links: [] }))
      const lastId = await write('tree', encodeTreeNode({ level: 0, entries: good.last, links: [] }))
      const bytes = good.entries[0]!.bytes
      const links = [
        { path: cuts[0]!, id, entries: 1, bytes, ...lie },
        { path: cuts[1]!, id: lastId, entries: 1, bytes },
      ]
      const root = await write('tree', encodeTreeNode({ level: 1, entries: [], links }))
      await expect(verifyTree(read, root)).rejects.toMatchObject(malformed)
      const skewed = await write('tree', encodeTreeNode({ level: 2, entries: [], links }))
      await expect(verifyTree(read, skewed)).rejects.toMatchObject(malformed)
    }
  })

  test('hostile paths', async () => {
    const { read, write } = createMemoryObjects()
    for (const path of ['../x', '/abs', 'a//b', '.FLOE/config.json', 'a/.git/config', 'a/./b', 'git~1', 'a\0b']) {
      const root = await write('tree', encodeTreeNode({ level: 0, entries: [file(path)], links: [] }))
      await expect(collect(walkTree(read, root))).rejects.toMatchObject({ kind: 'integrity', code: 'PATH_REFUSED' })
    }
  })

  test('entries that contradict themselves', async () => {
    const other = objectIdFor('chunk', utf8('other'))
    const lies: Partial<TreeEntry>[] = [
      { bytes: 0 },
      { content: null },
      { content: null, bytes: 0 },
      { kind: 'symlink', bytes: 5000 },
      { bytes: 5 * 1024 * 1024 },
      { content: { kind: 'map', id: other }, bytes: 1 },
    ]
    for (const lie of lies) {
      const bytes = encodeTreeNode({ level: 0, entries: [{ ...file('a'), ...lie }], links: [] })
      expect(() => parseTreeNode(bytes)).toThrow(expect.objectContaining(malformed))
    }
  })

  test('a file whose bytes are a tree is no tree', async () => {
    const memory = createMemoryObjects()
    const root = await buildTree([file('secret')], memory.write)
    const bytes = memory.objects.get(objectKey('tree', root))!
    const asFile = await memory.write('chunk', bytes)
    expect(asFile).not.toBe(root)
    // Even where a file's bytes start with the domain prefix, so that its chunk id is the tree's id, the kind differs.
    const twin = await memory.write('chunk', Buffer.concat([utf8('floe.tree.v1\0'), bytes]))
    expect(twin).toBe(root)
    memory.objects.delete(objectKey('tree', root))
    await expect(collect(walkTree(memory.read, root))).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })
})
