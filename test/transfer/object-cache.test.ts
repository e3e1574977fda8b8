import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import { type FileSystem, FileSystemError } from '../../src/store/file-system.ts'
import { createLocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { type ObjectCache, openObjectCache } from '../../src/transfer/object-cache.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'floe-cache-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const rng = createRng(7)
const chunk = (bytes = 1000) => {
  const content = rng.fill(new Uint8Array(bytes))
  return { id: objectIdFor('chunk', content), content }
}
async function open(): Promise<ObjectCache> {
  return (await openObjectCache(home))!
}
const packFiles = async (dir = join(home, 'cache', 'packs')) =>
  (await readdir(dir)).filter((name) => name.endsWith('.pack'))

/** A directory of packs as a workspace has it, with some chunks in one pack. */
async function workspacePacks(name: string, contents: readonly Uint8Array[]): Promise<string[]> {
  const dir = join(home, name)
  await mkdir(join(dir, 'packs'), { recursive: true })
  await mkdir(join(dir, 'tmp'))
  const store = createLocalStore(nodeFs, dir)
  const session = await store.begin()
  for (const content of contents) await session.put('chunk', content)
  await session.seal()
  store.close()
  return (await packFiles(join(dir, 'packs'))).map((file) => join(dir, 'packs', file))
}

async function* refs(...ids: ObjectId[]) {
  yield ids.map((id) => ({ kind: 'chunk' as const, id }))
}

describe('the cache', () => {
  it('keeps objects for the next process, and finds them before they are on disk', async () => {
    const { id, content } = chunk()
    {
      await using cache = await open()
      expect(await cache.find('chunk', id)).toBeUndefined()
      await cache.put('chunk', id, content)
      expect(await cache.find('chunk', id)).toEqual(content)
      expect(await packFiles()).toEqual([])
    }
    await using cache = await open()
    expect(await cache.find('chunk', id)).toEqual(content)
    expect(await cache.find('attachment', id)).toBeUndefined()
  })

  it('shares packs with workspaces under second names, without a copy', async () => {
    const chunks = [chunk(), chunk(), chunk()]
    const [path] = await workspacePacks(
      'a',
      chunks.map(({ content }) => content),
    )
    await using cache = await open()
    await cache.takePacks([path!])
    expect(await cache.find('chunk', chunks[1]!.id)).toEqual(chunks[1]!.content)
    await mkdir(join(home, 'b'))
    const ids = chunks.map(({ id }) => id)
    const other = chunk().id
    const { names: lent, hasAll } = await cache.lendPacks(() => refs(...ids, other), join(home, 'b'))
    expect(lent).toHaveLength(1)
    expect(hasAll).toBe(false)
    expect(await cache.lendPacks(() => refs(...ids), join(home, 'b'))).toEqual({ names: lent, hasAll: true })
    const inodes = await Promise.all(
      [path!, join(home, 'b', `${lent[0]}.pack`)].map(async (at) => (await stat(at)).ino),
    )
    expect(inodes[0]).toBe(inodes[1])
    // Its owner deleting it takes nothing from the others.
    await rm(path!)
    expect(await cache.find('chunk', chunks[2]!.id)).toEqual(chunks[2]!.content)
  })

  it('drops a pack that was changed on disk, and says that it does not hold its objects', async () => {
    const { id, content } = chunk()
    const other = chunk()
    for (const { id: each, content: bytes } of [{ id, content }, other]) {
      await using cache = await open()
      await cache.put('chunk', each, bytes)
    }
    const files = await packFiles()
    expect(files).toHaveLength(2)
    for (const file of files) {
      const at = join(home, 'cache', 'packs', file)
      const bytes = await readFile(at)
      if (!bytes.includes(Buffer.from(content))) continue
      bytes[bytes.indexOf(Buffer.from(content)) + 5]! ^= 1
      await writeFile(at, bytes)
    }
    await using cache = await open()
    expect(await cache.find('chunk', id)).toBeUndefined()
    expect(await cache.find('chunk', other.id)).toEqual(other.content)
    expect(await packFiles()).toHaveLength(1)
    await cache.put('chunk', id, content)
    await cache.flush()
    expect(await cache.find('chunk', id)).toEqual(content)
  })

  it('goes on with what is whole when packs are cut off, empty or no packs, and the index is rubbish', async () => {
    const kept = chunk()
    {
      await using cache = await open()
      await cache.put('chunk', kept.id, kept.content)
    }
    const packs = join(home, 'cache', 'packs')
    const [whole] = await packFiles()
    await writeFile(join(packs, `${'0'.repeat(64)}.pack`), '')
    await writeFile(join(packs, `${'1'.repeat(64)}.pack`), (await readFile(join(packs, whole!))).subarray(0, 200))
    await writeFile(join(packs, `${'2'.repeat(64)}.pack`), 'rubbish'.repeat(100))
    for (const name of await readdir(packs)) if (name.endsWith('.midx')) await writeFile(join(packs, name), 'rubbish')
    await using cache = await open()
    expect(await cache.find('chunk', kept.id)).toEqual(kept.content)
    expect(await packFiles()).toEqual([whole])
  })

  it('goes on without a pack that is a folder, and without any number of damaged ones', async () => {
    const chunks = Array.from({ length: 12 }, () => chunk())
    for (const { id, content } of chunks) {
      await using cache = await open()
      await cache.put('chunk', id, content)
    }
    const [whole] = chunks.splice(5, 1)
    for (const file of await packFiles()) {
      const at = join(home, 'cache', 'packs', file)
      const bytes = await readFile(at)
      const damaged = chunks.find(({ content }) => bytes.includes(Buffer.from(content)))
      if (!damaged) continue
      bytes[bytes.indexOf(Buffer.from(damaged.content)) + 5]! ^= 1
      await writeFile(at, bytes)
    }
    await mkdir(join(home, 'cache', 'packs', `${'3'.repeat(64)}.pack`, 'notes'), { recursive: true })
    await using cache = await open()
    for (const { id } of chunks) expect(await cache.find('chunk', id)).toBeUndefined()
    expect(await cache.find('chunk', whole!.id)).toEqual(whole!.content)
    expect(await packFiles()).toHaveLength(1)
    expect(await readdir(join(home, 'cache', 'damaged'))).toHaveLength(1)
  })

  it('does without what a damaged pack holds that cannot be removed, and with the rest', async () => {
    const [lost, kept] = [chunk(), chunk()]
    for (const { id, content } of [lost, kept]) {
      await using cache = await open()
      await cache.put('chunk', id, content)
    }
    for (const file of await packFiles()) {
      const at = join(home, 'cache', 'packs', file)
      const bytes = await readFile(at)
      if (!bytes.includes(Buffer.from(lost.content))) continue
      bytes[bytes.indexOf(Buffer.from(lost.content)) + 5]! ^= 1
      await writeFile(at, bytes)
    }
    const refuse = (path: string): never => {
      throw new FileSystemError('EACCES', 'unlink', path)
    }
    const stubborn: FileSystem = Object.assign(Object.create(nodeFs), { unlink: refuse, rename: refuse })
    await using cache = (await openObjectCache(home, { fs: stubborn }))!
    for (let round = 0; round < 20; round++) expect(await cache.find('chunk', lost.id)).toBeUndefined()
    expect(await cache.find('chunk', kept.id)).toEqual(kept.content)
  })

  it('does not lend a damaged pack', async () => {
    const { id, content } = chunk()
    const [path] = await workspacePacks('a', [content])
    await using cache = await open()
    await cache.takePacks([path!])
    const at = join(home, 'cache', 'packs', (await packFiles())[0]!)
    await chmod(at, 0o600)
    const bytes = await readFile(at)
    bytes[bytes.indexOf(Buffer.from(content))]! ^= 1
    await writeFile(at, bytes)
    await mkdir(join(home, 'b'))
    expect(await cache.lendPacks(() => refs(id), join(home, 'b'))).toEqual({ names: [], hasAll: false })
    expect(await readdir(join(home, 'b'))).toEqual([])
  })

  it('lends another pack where the first that holds an object is damaged', async () => {
    const [both, other] = [chunk(), chunk()]
    const [first] = await workspacePacks('a', [both.content, other.content])
    const [second] = await workspacePacks('c', [both.content])
    await using cache = await open()
    await cache.takePacks([first!, second!])
    const [holder] = await cache.packsOf('chunk', both.id)
    const at = join(home, 'cache', 'packs', `${holder}.pack`)
    await chmod(at, 0o600)
    const bytes = await readFile(at)
    bytes[bytes.indexOf(Buffer.from(both.content))]! ^= 1
    await writeFile(at, bytes)
    await mkdir(join(home, 'b'))
    let walks = 0
    const walk = () => {
      walks++
      return refs(both.id)
    }
    const { names, hasAll } = await cache.lendPacks(walk, join(home, 'b'))
    expect(names).toHaveLength(1)
    expect(names).not.toContain(holder)
    expect(hasAll).toBe(true)
    expect(walks).toBe(2)
    expect(await readdir(join(home, 'b'))).toEqual([`${names[0]}.pack`])
  })

  it('stays under its limit: the longest unused packs go, pinned ones stay', async () => {
    const chunks = [chunk(50_000), chunk(50_000), chunk(50_000)]
    for (const { id, content } of chunks) {
      await using cache = await open()
      await cache.put('chunk', id, content)
      await cache.flush()
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    {
      await using cache = await open()
      const [oldest] = await cache.packsOf('chunk', chunks[0]!.id)
      await cache.shelf.pin({ label: 'mine', packs: [oldest!] })
      // Using the second makes the third the oldest.
      await cache.find('chunk', chunks[1]!.id)
      expect(await cache.withLock(() => cache.trim(110_000))).toBeGreaterThan(50_000)
    }
    await using cache = await open()
    const held = await Promise.all(chunks.map(async ({ id }) => (await cache.find('chunk', id)) !== undefined))
    expect(held).toEqual([true, true, false])
    expect((await cache.packs()).map(({ pins }) => pins)).toContainEqual(['mine'])
    expect(cache.shelf.unpin('mine')).toBe(true)
    await cache.withLock(() => cache.trim(0))
    expect(await packFiles()).toEqual([])
  })

  it('puts small packs together', async () => {
    const chunks = Array.from({ length: 40 }, () => chunk(100))
    for (const { id, content } of chunks) {
      await using cache = await open()
      await cache.put('chunk', id, content)
    }
    expect((await packFiles()).length).toBeLessThanOrEqual(17)
    await using cache = await open()
    for (const { id, content } of chunks) expect(await cache.find('chunk', id)).toEqual(content)
  })

  it('serves several at once, who add and take away', async () => {
    const chunks = Array.from({ length: 60 }, () => chunk(2000))
    const worker = async (share: number) => {
      for (let i = share; i < chunks.length; i += 3) {
        await using cache = await open()
        const { id, content } = chunks[i]!
        await cache.put('chunk', id, content)
        await cache.flush()
        for (const other of chunks.slice(0, i)) {
          const found = await cache.find('chunk', other.id)
          if (found) expect(found).toEqual(other.content)
        }
        if (i % 7 === 0) await cache.withLock(() => cache.trim(20_000))
      }
    }
    await Promise.all([worker(0), worker(1), worker(2)])
    await using cache = await open()
    const found = await Promise.all(chunks.map(({ id }) => cache.find('chunk', id)))
    expect(found.filter((bytes) => bytes).length).toBeGreaterThan(0)
    for (const [i, bytes] of found.entries()) if (bytes) expect(bytes).toEqual(chunks[i]!.content)
  })

  it('is off with a limit of 0 or where its directory cannot be made', async () => {
    {
      await using cache = await open()
      await cache.withLock(() => cache.shelf.setLimit(0))
    }
    expect(await openObjectCache(home)).toBeNull()
    await writeFile(join(home, 'cache', 'settings.json'), 'rubbish')
    expect(await openObjectCache(home)).not.toBeNull()
    await writeFile(join(home, 'file'), '')
    expect(await openObjectCache(join(home, 'file'))).toBeNull()
  })

  it('ignores what lies in its tmp directory, and deletes it under the lock', async () => {
    await using cache = await open()
    await link((await workspacePacks('a', [chunk().content]))[0]!, join(home, 'cache', 'tmp', 'pack-1-2-3'))
    const { id, content } = chunk()
    await cache.put('chunk', id, content)
    await cache.flush()
    expect(await readdir(join(home, 'cache', 'tmp'))).toEqual([])
  })

  it('remembers which tips were read from which repository', async () => {
    await using cache = await open()
    const { id } = chunk()
    expect(cache.isProven('0x1', id)).toBe(false)
    cache.noteProven('0x1', id)
    expect([cache.isProven('0x1', id), cache.isProven('0x2', id)]).toEqual([true, false])
  })
})
