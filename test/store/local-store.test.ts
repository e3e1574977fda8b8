import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { ObjectMissingError } from '../../src/objects/errors.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import type { ReadObject } from '../../src/objects/reader.ts'
import { createLocalStore, type LocalStore, type LocalStoreOptions } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'

let dir: string
let opened: LocalStore[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-store-'))
  mkdirSync(join(dir, 'packs'))
  mkdirSync(join(dir, 'tmp'))
  opened = []
})
afterEach(() => {
  for (const store of opened) store.close()
  rmSync(dir, { recursive: true })
})

function open(options: LocalStoreOptions = {}): LocalStore {
  const store = createLocalStore(nodeFs, dir, options)
  opened.push(store)
  return store
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const packFiles = () => readdirSync(join(dir, 'packs')).filter((name) => name.endsWith('.pack'))

describe('the local store', () => {
  it('shows what was sealed, to itself and to others, and nothing before', async () => {
    const store = open()
    const reader = open()
    expect(await reader.has('chunk', objectIdFor('chunk', bytesOf('a')))).toBe(false)
    const session = await store.begin()
    const id = await session.put('chunk', bytesOf('a'))
    await expect(store.readLocal('chunk', id)).rejects.toBeInstanceOf(ObjectMissingError)
    await session.seal()
    expect(await store.readLocal('chunk', id)).toEqual(bytesOf('a'))
    // Another process opened the store before the pack was there.
    expect(await reader.readLocal('chunk', id)).toEqual(bytesOf('a'))
    expect(readdirSync(join(dir, 'tmp'))).toEqual([])
  })

  it('tells kinds apart even where ids are equal', async () => {
    const store = open()
    const session = await store.begin()
    const id = await session.put('chunk', bytesOf('same'))
    expect(await session.put('attachment', bytesOf('same'))).toBe(id)
    await session.seal()
    expect(await store.has('chunk', id)).toBe(true)
    expect(await store.has('attachment', id)).toBe(true)
    expect(await store.has('tree', id)).toBe(false)
    expect((await store.packs()).map(({ kind, objects }) => [kind, objects]).sort()).toEqual([
      ['data', 1],
      ['meta', 1],
    ])
  })

  it('stores nothing twice, and leaves nothing of what was dropped', async () => {
    const store = open()
    const first = await store.begin()
    await first.put('chunk', bytesOf('a'))
    await first.put('chunk', bytesOf('a'))
    await first.seal()
    expect([first.newObjects, first.newBytes]).toEqual([1, 1])
    const second = await store.begin()
    await second.put('chunk', bytesOf('a'))
    await second.seal()
    expect(second.newObjects).toBe(0)
    await second.put('chunk', bytesOf('dropped'))
    second.abort()
    second.abort()
    expect(packFiles()).toHaveLength(1)
    expect(readdirSync(join(dir, 'tmp'))).toEqual([])
  })

  it('begins a new pack when one is full, and finds everything in all of them', async () => {
    const store = open({ packBytes: 20_000 })
    const rng = createRng(1)
    const session = await store.begin()
    const objects = new Map<ObjectId, Uint8Array>()
    for (let i = 0; i < 60; i++) {
      const bytes = rng.fill(new Uint8Array(3000))
      objects.set(await session.put('chunk', bytes), bytes)
    }
    await session.seal()
    expect(packFiles().length).toBeGreaterThan(9)
    for (const reader of [store, open()])
      for (const [id, bytes] of objects) expect(await reader.readLocal('chunk', id)).toEqual(bytes)
    for (const { name, bytes } of await store.packs()) {
      expect(bytes).toBeLessThanOrEqual(20_000)
      expect((await store.verifyPack(name)).objects).toBe((await store.packObjects(name)).length)
    }
  })

  it('lets a session read what it has just written', async () => {
    const store = open()
    const session = await store.begin()
    const ids: ObjectId[] = []
    for (let i = 0; i < 200; i++) ids.push(await session.put('attachment', bytesOf(`meta ${i}`)))
    for (const [i, id] of ids.entries()) expect(textOf(await session.read('attachment', id))).toBe(`meta ${i}`)
  })

  it('asks elsewhere for what it lacks, and believes no answer unchecked', async () => {
    const asked: string[] = []
    const good = bytesOf('from a remote')
    const id = objectIdFor('chunk', good)
    let answer = good
    const fetchObject: ReadObject = async (kind, wanted) => {
      asked.push(`${kind}:${wanted}`)
      return answer
    }
    const store = open({ fetchObject })
    expect(await store.read('chunk', id)).toEqual(good)
    expect(asked).toEqual([`chunk:${id}`])
    await expect(store.readLocal('chunk', id)).rejects.toBeInstanceOf(ObjectMissingError)
    answer = bytesOf('a lie')
    await expect(store.read('chunk', id)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT', exitCode: 13 })
  })

  it('finds objects by the first digits of their ids', async () => {
    const store = open()
    const session = await store.begin()
    const ids = new Set<ObjectId>()
    for (let i = 0; i < 300; i++) ids.add(await session.put('chunk', bytesOf(`object ${i}`)))
    await session.seal()
    for (const id of [...ids].slice(0, 20))
      for (const digits of [1, 2, 3, 7, 8, 64]) {
        const found = (await store.withPrefix(id.slice(0, digits), 1000)).map((object) => object.id).sort()
        expect(found).toEqual([...ids].filter((other) => other.startsWith(id.slice(0, digits))).sort())
      }
  })
})
