import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { createRng } from '../../src/base/rng.ts'
import { ObjectMissingError } from '../../src/objects/errors.ts'
import type { ReadObject } from '../../src/objects/reader.ts'
import { fsck } from '../../src/repo/fsck.ts'
import { restore } from '../../src/repo/restore.ts'
import { FileSystemError } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { faultyFs } from '../faults/faulty-fs.ts'
import { type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let temporary: TemporaryWorkspace
let before: Record<string, string>
const rng = createRng(6)

beforeEach(async () => {
  temporary = await temporaryWorkspace()
  for (let i = 0; i < 6; i++) temporary.write(`d/${i}`, Buffer.from(rng.fill(new Uint8Array(40_000))).toString('hex'))
  await temporary.commitAll('first')
  temporary.write('d/last', 'small')
  await temporary.commitAll('second')
  before = temporary.files()
})
afterEach(() => temporary.close())

const packsOf = (kind: 'data' | 'meta') =>
  temporary.workspace.store.packs().then((packs) => packs.filter((pack) => pack.kind === kind))

/** Changes a pack behind the store's back. */
async function spoil(path: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = readFileSync(path)
  change(bytes)
  await temporary.workspace.close()
  writeFileSync(path, bytes)
}

/** A remote that has everything, as it was. */
async function copyOfAll(): Promise<ReadObject> {
  const kept = new Map<string, Uint8Array>()
  const { store } = temporary.workspace
  for (const { name } of await store.packs())
    for (const { kind, id } of await store.packObjects(name)) kept.set(`${kind}:${id}`, await store.read(kind, id))
  return async (kind, id) => {
    const bytes = kept.get(`${kind}:${id}`)
    if (!bytes) throw new ObjectMissingError(kind, id)
    return bytes
  }
}

/** Where the middle of a file, as it is now, gives an input/output error, or all of it does. */
function badSector(path: string, isAll: boolean) {
  const { inode, bytes } = nodeFs.stat(path)!
  const fail = (): never => {
    throw new FileSystemError('EIO', 'read', path)
  }
  return faultyFs({
    open(at, mode, options) {
      if (at !== path || nodeFs.stat(at)?.inode !== inode) return nodeFs.open(at, mode, options)
      if (isAll) fail()
      const file = nodeFs.open(at, mode, options)
      const read: typeof file.read = (buffer, position) =>
        position <= bytes / 2 && position + buffer.length > bytes / 2 ? fail() : file.read(buffer, position)
      return {
        read,
        write: (b) => file.write(b),
        sync: () => file.sync(),
        stat: () => file.stat(),
        close: () => file.close(),
      }
    },
  })
}

const damagedDir = () => join(temporary.dir, '.floe/damaged')

describe('fsck', () => {
  test('lists every damaged object, not only the first, and says what repairs it', async () => {
    const [pack] = (await packsOf('data')).sort((a, b) => b.bytes - a.bytes)
    await spoil(pack!.path, (bytes) => {
      bytes[200]! ^= 1
      bytes[bytes.length >> 1]! ^= 1
    })
    await using workspace = await openWorkspace(temporary.dir)
    await expect(fsck(workspace)).resolves.toMatchObject({ report: { ok: true } })
    const failure = await fsck(workspace, { full: true }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'FSCK_DAMAGED', exitCode: 13 })
    const { data, hints } = failure as { data: { count: number; objects: unknown[] }; hints: string[] }
    expect(data.count).toBeGreaterThan(1)
    expect(data.objects).toHaveLength(data.count)
    expect(hints.join()).toContain('floe fsck --full --repair')
  })

  test('repairs from what is left and from the remote, wherever a byte of a pack was flipped', async () => {
    const remote = await copyOfAll()
    for (const kind of ['data', 'meta'] as const)
      for (const share of [0.0001, 0.3, 0.93, 0.9999]) {
        const [pack] = (await packsOf(kind)).sort((a, b) => b.bytes - a.bytes)
        await spoil(pack!.path, (bytes) => {
          bytes[Math.floor(share * bytes.length)]! ^= 0x40
        })
        await using workspace = await openWorkspace(temporary.dir)
        const asked: string[] = []
        const openRemote = async () => (kind: Parameters<ReadObject>[0], id: Parameters<ReadObject>[1]) => {
          asked.push(id)
          return remote(kind, id)
        }
        // Else they would be taken from.
        for (const path of Object.keys(before)) rmSync(join(temporary.dir, path), { force: true })
        const { repair } = await fsck(workspace, { full: true, repair: true, openRemote })
        expect(repair).toMatchObject({ packs: [pack!.name], fetched: asked.length, taken: 0 })
        // Where the good copies did not make the same pack again, it is kept for a person to look at.
        const kept = existsSync(damagedDir()) ? readdirSync(damagedDir()) : []
        const remade = (await workspace.store.packs()).some(({ name }) => name === pack!.name)
        expect(kept.includes(`${pack!.name}.pack`)).toBe(!remade)
        rmSync(damagedDir(), { recursive: true, force: true })
        expect(await fsck(workspace, { full: true })).toMatchObject({ repair: null })
        await restore(workspace, { paths: [''] })
        expect(temporary.files()).toEqual(before)
      }
  })

  test('takes a pack that cannot be read at all for damaged: a folder, a link, a bad sector', async () => {
    const pathOf = async (kind: 'data' | 'meta') => (await packsOf(kind)).sort((a, b) => b.bytes - a.bytes)[0]!.path
    const remote = await copyOfAll()
    for (const kind of ['data', 'meta'] as const)
      for (const spoilt of ['folder', 'link', 'sector', 'opening']) {
        const path = await pathOf(kind)
        if (spoilt === 'folder' || spoilt === 'link') rmSync(path)
        if (spoilt === 'folder') mkdirSync(`${path}/in/it`, { recursive: true })
        if (spoilt === 'link') symlinkSync('nowhere', path)
        const fs = spoilt === 'sector' || spoilt === 'opening' ? badSector(path, spoilt === 'opening') : nodeFs
        await using workspace = await openWorkspace(temporary.dir, { fs })
        const failure = await fsck(workspace, { full: true }).catch((error: unknown) => error)
        expect(failure, spoilt).toMatchObject({ code: 'FSCK_DAMAGED', exitCode: 13 })
        const { repair } = await fsck(workspace, { full: true, repair: true, openRemote: async () => remote })
        expect(repair, spoilt).toMatchObject({ packs: [path.slice(-69, -5)] })
        await using again = await openWorkspace(temporary.dir)
        expect(await fsck(again, { full: true, restart: true })).toMatchObject({ repair: null })
        expect(temporary.files()).toEqual(before)
      }
  })

  test('changes nothing when a good copy cannot be had', async () => {
    const [pack] = await packsOf('data')
    await spoil(pack!.path, (bytes) => {
      bytes[100]! ^= 1
    })
    for (const path of Object.keys(before)) rmSync(join(temporary.dir, path))
    await using workspace = await openWorkspace(temporary.dir)
    const lost = fsck(workspace, { full: true, repair: true })
    await expect(lost).rejects.toMatchObject({ code: 'FSCK_LOST', exitCode: 13 })
    expect(existsSync(pack!.path)).toBe(true)
    expect(existsSync(damagedDir())).toBe(false)
    // What the remote gives is hashed by its reader; one that cannot be reached is no loss but an error of its own.
    const broken = async () => async () => {
      throw new TypeError('no network')
    }
    await expect(fsck(workspace, { full: true, repair: true, openRemote: broken })).rejects.toThrow('no network')
    expect(existsSync(pack!.path)).toBe(true)
  })

  test('brings from the remote what is missing and in no file', async () => {
    const remote = await copyOfAll()
    const packs = await packsOf('data')
    const objects = packs.reduce((sum, pack) => sum + pack.objects, 0)
    await temporary.workspace.close()
    for (const { path } of packs) rmSync(path)
    for (const path of Object.keys(before)) rmSync(join(temporary.dir, path))
    await using workspace = await openWorkspace(temporary.dir)
    await expect(fsck(workspace)).rejects.toMatchObject({ code: 'FSCK_MISSING', data: { count: objects } })
    const { repair } = await fsck(workspace, { repair: true, openRemote: async () => remote })
    expect(repair).toMatchObject({ packs: [], salvaged: 0, taken: 0, fetched: objects })
    await restore(workspace, { paths: [''] })
    expect(temporary.files()).toEqual(before)
  })

  test('reads a pack again that an earlier check found whole, if it was written to since, or that is long ago', async () => {
    const { workspace } = temporary
    const [first, second] = (await packsOf('data')).sort((a, b) => (a.name < b.name ? -1 : 1))
    const good = readFileSync(second!.path)
    await spoil(second!.path, (bytes) => {
      bytes[bytes.length >> 1]! ^= 1
    })
    await expect(fsck(workspace, { full: true })).rejects.toMatchObject({ data: { packCount: 1 } })
    // From a backup.
    writeFileSync(second!.path, good)
    await spoil(first!.path, (bytes) => {
      bytes[bytes.length >> 1]! ^= 1
    })
    await using after = await openWorkspace(temporary.dir)
    await expect(fsck(after, { full: true })).rejects.toMatchObject({ data: { packs: [{ pack: first!.name }] } })
    // Bits that turn by themselves change no time.
    const later: Clock = { now: () => Date.now() + 2 * 86_400_000 }
    await using much = await openWorkspace(temporary.dir, { clock: later })
    writeFileSync(join(temporary.dir, '.floe/fsck'), `${first!.name}\n`)
    await expect(fsck(much, { full: true })).rejects.toMatchObject({ code: 'FSCK_DAMAGED' })
  })

  test('goes on where a full check was cut off, and begins anew after one that ended', async () => {
    const cut = new AbortController()
    let packs = 0
    const onProgress = () => {
      if (packs++ === 2) cut.abort()
    }
    const { workspace } = temporary
    await expect(fsck(workspace, { full: true, signal: cut.signal, onProgress })).rejects.toMatchObject({
      kind: 'cancelled',
    })
    const resumed = await fsck(workspace, { full: true })
    expect(resumed.skippedPacks).toBe(2)
    expect((await fsck(workspace, { full: true })).skippedPacks).toBe(0)
    await expect(fsck(workspace, { full: true, signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    })
    expect((await fsck(workspace, { full: true, restart: true })).skippedPacks).toBe(0)
    // What it remembers them by is a help, and no more.
    mkdirSync(join(temporary.dir, '.floe/fsck'))
    expect((await fsck(workspace, { full: true, restart: true })).skippedPacks).toBe(0)
  })
})
