import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId, ObjectKind } from '../../src/objects/id.ts'
import { MergedIndex, type PackObject } from '../../src/store/merged-index.ts'
import { CrashFs } from '../faults/crash-fs.ts'

const idOf = (text: string) => sha256Hex(Buffer.from(text)) as ObjectId
const KINDS: ObjectKind[] = ['chunk', 'map', 'tree', 'commit', 'attachment']

function disk(): CrashFs {
  const fs = new CrashFs()
  fs.makeDirectory('/packs')
  fs.makeDirectory('/tmp')
  return fs
}

function objectsOf(pack: number, count: number): PackObject[] {
  return Array.from({ length: count }, (_, i) => ({ kind: KINDS[i % 5]!, id: idOf(`${pack}/${i}`) }))
}

describe('the merged index', () => {
  it('finds every object through many additions, in few segments, and nothing else', async () => {
    const fs = disk()
    const index = new MergedIndex(fs, '/packs', '/tmp')
    const packs = new Map<string, PackObject[]>()
    const rng = createRng(1)
    for (let pack = 0; pack < 60; pack++) {
      const objects = objectsOf(pack, 1 + rng.below(pack % 7 === 0 ? 1500 : 20))
      packs.set(idOf(`pack ${pack}`), objects)
      await index.add(new Map([[idOf(`pack ${pack}`), objects]]))
    }
    const reopened = new MergedIndex(fs, '/packs', '/tmp')
    await reopened.open(new Set(packs.keys()), () => Promise.reject(new Error('all packs are covered')))
    for (const [pack, objects] of packs)
      for (const { kind, id } of objects) expect(reopened.find(kind, id)).toEqual([pack])
    // The same id under another kind is another object.
    const [{ id }] = packs.get(idOf('pack 0')) as [PackObject]
    expect(reopened.find('tree', id)).toEqual([])
    expect(reopened.find('chunk', idOf('unknown'))).toEqual([])
    expect([...fs.contents('/packs').keys()].length).toBeLessThan(12)
    expect(reopened.withPrefix(id.slice(0, 9), 10)).toEqual([{ kind: 'chunk', id }])
    expect(reopened.withPrefix(id.slice(0, 12), 10)).toEqual([{ kind: 'chunk', id }])
  })

  it('reads the index of a pack that no segment covers, and forgets packs that are gone', async () => {
    const fs = disk()
    const index = new MergedIndex(fs, '/packs', '/tmp')
    const [one, two] = [objectsOf(1, 10), objectsOf(2, 10)]
    await index.add(new Map([['a'.repeat(64), one]]))
    const both = new Set(['a'.repeat(64), 'b'.repeat(64)])
    await index.open(both, async (pack) => (pack.startsWith('b') ? two : []))
    expect(index.find(two[3]!.kind, two[3]!.id)).toEqual(['b'.repeat(64)])
    await index.open(new Set(['b'.repeat(64)]), async () => two)
    expect(index.find(one[3]!.kind, one[3]!.id)).toEqual([])
    expect(index.find(two[3]!.kind, two[3]!.id)).toEqual(['b'.repeat(64)])
  })

  it('knows many packs that no segment covers as it does afterwards', async () => {
    const fs = disk()
    const packs = new Map<string, PackObject[]>()
    const shared = { kind: 'chunk', id: idOf('in every third') } as const
    for (let pack = 0; pack < 300; pack++) {
      const objects = objectsOf(pack, 1 + (pack % 11))
      packs.set(idOf(`pack ${pack}`), pack % 3 === 0 ? [...objects, shared] : objects)
    }
    const index = new MergedIndex(fs, '/packs', '/tmp')
    const openAll = () => index.open(new Set(packs.keys()), async (pack) => packs.get(pack)!)
    const expectAll = () => {
      expect(index.packs.sort()).toEqual([...packs.keys()].sort())
      for (const [pack, objects] of packs)
        for (const { kind, id } of objects) {
          if (id !== shared.id) {
            expect(index.find(kind, id)).toEqual([pack])
            expect(index.has(kind, Buffer.from(id, 'hex'))).toBe(true)
            expect(index.withPrefix(id.slice(0, 13), 10)).toEqual([{ kind, id }])
          }
          expect(index.find(kind === 'tree' ? 'map' : 'tree', id)).toEqual([])
        }
      const [holder] = index.find('chunk', shared.id)
      expect(packs.get(holder!)).toContainEqual(shared)
      const [pack, objects] = [...packs][7]!
      expect(index.objectsOf(pack)).toEqual(objects.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    }
    await openAll()
    expectAll()
    // A disk that is full costs nothing of what is known.
    const { open } = fs
    fs.open = () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    }
    await expect(index.rebuild()).rejects.toMatchObject({ code: 'ENOSPC' })
    fs.open = open
    expectAll()
    const [pack] = packs.keys()
    await index.add(new Map([[idOf('one more'), objectsOf(1000, 3)]]))
    packs.set(idOf('one more'), objectsOf(1000, 3))
    expectAll()
    packs.delete(pack!)
    await openAll()
    expectAll()
  })

  it('drops a segment whose checksum is wrong, once it is asked to look', async () => {
    const fs = disk()
    const index = new MergedIndex(fs, '/packs', '/tmp')
    await index.add(new Map([['a'.repeat(64), objectsOf(1, 100)]]))
    const [path] = [...fs.contents('/packs').keys()] as [string]
    const bad = fs.readFile(path, 1e6)
    bad[bad.length - 40]! ^= 1
    fs.unlink(path)
    const file = fs.open(path, 'create')
    file.write(bad)
    file.close()
    await index.open(new Set(['a'.repeat(64)]), async () => objectsOf(1, 100))
    expect(index.dropDamaged()).toBe(true)
    expect(index.dropDamaged()).toBe(false)
    expect(fs.stat(path)).toBeUndefined()
  })

  it('opens a large segment by its header, and looks an object up with one small read', async () => {
    const fs = disk()
    const index = new MergedIndex(fs, '/packs', '/tmp')
    const rng = createRng(3)
    const objects: PackObject[] = []
    const bytes = new Uint8Array(32)
    for (let i = 0; i < 100_000; i++)
      objects.push({ kind: 'chunk', id: Buffer.from(rng.fill(bytes)).toString('hex') as ObjectId })
    await index.add(new Map([['a'.repeat(64), objects]]))
    let read = 0
    const open = fs.open.bind(fs)
    fs.open = (path, mode, options) => {
      const file = open(path, mode, options)
      return {
        ...file,
        read(buffer, position) {
          read += buffer.length
          return file.read(buffer, position)
        },
      }
    }
    const reopened = new MergedIndex(fs, '/packs', '/tmp')
    await reopened.open(new Set(['a'.repeat(64)]), async () => [])
    // Header and fan-out; the 3.7 MB of records stay where they are.
    expect(read).toBeLessThan(20_000)
    read = 0
    for (const object of objects.slice(0, 100)) expect(reopened.find('chunk', object.id)).toHaveLength(1)
    expect(read / 100).toBeLessThan(20_000)
    // Who looks up many reads all of it once, and then nothing.
    for (const object of objects.slice(0, 1000)) reopened.find('chunk', object.id)
    read = 0
    for (const object of objects.slice(1000, 2000)) expect(reopened.find('chunk', object.id)).toHaveLength(1)
    expect(reopened.find('tree', objects[0]!.id)).toEqual([])
    expect(read).toBe(0)
  })
})
