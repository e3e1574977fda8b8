/** Trees that someone crafted. Our own writer refuses them, so they are encoded by hand. */

import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { encodeCommit } from '../../src/objects/commit.ts'
import { buildContentMap } from '../../src/objects/content-map.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { encodeTreeNode, type TreeEntry } from '../../src/objects/tree.ts'
import { checkoutCommit } from '../../src/repo/checkout.ts'
import { openDataset } from '../../src/repo/dataset.ts'
import { restore } from '../../src/repo/restore.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { author, codeOf, filesOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let outside: string
let ws: TemporaryWorkspace

beforeEach(async () => {
  outside = mkdtempSync(join(tmpdir(), 'floe-outside-'))
  ws = await temporaryWorkspace()
})
afterEach(async () => {
  await ws.close()
  rmSync(outside, { recursive: true })
})

const payload = new TextEncoder().encode('hostile')
const payloadId = sha256Hex(payload) as ObjectId

function fileEntry(path: string): TreeEntry {
  return {
    path,
    kind: 'file',
    executable: false,
    bytes: payload.length,
    fileId: payloadId,
    content: { kind: 'chunk', id: payloadId },
  }
}

/** Stores a commit whose tree has exactly these entries, whatever they say. */
async function craft(entries: readonly TreeEntry[], chunks: readonly Uint8Array[] = []): Promise<ObjectId> {
  return ws.workspace.withLock('craft', async () => {
    const session = await ws.workspace.store.begin()
    for (const chunk of [payload, ...chunks]) await session.put('chunk', chunk)
    const tree = await session.put('tree', encodeTreeNode({ level: 0, entries: [...entries], links: [] }))
    const bytes = encodeCommit({
      tree,
      parents: [],
      author,
      timeMs: 1,
      message: 'x',
      profile: 1,
      attachments: new Map(),
    })
    const commit = await session.put('commit', bytes)
    await session.seal()
    return commit
  })
}

/** A map that names the payload twice. */
async function storeMap(): Promise<ObjectId> {
  return ws.workspace.withLock('craft', async () => {
    const session = await ws.workspace.store.begin()
    const chunk = { id: payloadId, bytes: payload.length }
    const content = await buildContentMap([chunk, chunk], session.put)
    await session.seal()
    return content!.id
  })
}

function linkTo(path: string, target: string): { entry: TreeEntry; chunk: Uint8Array } {
  const chunk = new TextEncoder().encode(target)
  const id = sha256Hex(chunk) as ObjectId
  const content = { kind: 'chunk', id } as const
  return { entry: { path, kind: 'symlink', executable: false, bytes: chunk.length, fileId: id, content }, chunk }
}

describe('a hostile tree', () => {
  it.each([
    '../x',
    '../../x',
    'a/../../x',
    '/floe-absolute',
    '.floe/config.json',
    '.FLOE/config.json',
    '.floe./config.json',
    'FLOE~1/config.json',
    '.floe::$INDEX_ALLOCATION/config.json',
    '.f\u200cloe/config.json',
    '.git/config',
    '.GIT/hooks/post-checkout',
    'sub/.git/config',
    'git~1/config',
    '.git /config',
    'a//b',
    './a',
    'a/.',
    '',
    'nul\0byte',
  ])('with the path %j is refused with exit 13 and nothing is written', async (path) => {
    const before = readdirSync(join(ws.dir, '..')).sort()
    const config = lstatSync(join(ws.dir, '.floe/config.json')).mtimeMs
    const commit = await craft([fileEntry(path)])
    for (const attempt of [
      () => switchTo(ws.workspace, { target: commit, detach: true }),
      () => switchTo(ws.workspace, { target: commit, detach: true, force: true }),
      () => checkoutCommit(ws.workspace, { branch: 'evil', commit }),
      () => restore(ws.workspace, { paths: [''], source: commit }),
    ])
      await expect(attempt()).rejects.toMatchObject({ kind: 'integrity', exitCode: 13 })
    expect(ws.files()).toEqual({})
    expect(lstatSync(join(ws.dir, '.floe/config.json')).mtimeMs).toBe(config)
    expect(existsSync('/floe-absolute')).toBe(false)
    expect(
      readdirSync(join(ws.dir, '..'))
        .sort()
        .filter((name) => !before.includes(name) && name === 'x'),
    ).toEqual([])
  })

  it('that claims another hash of a file than it has gives no byte of it to who reads the dataset', async () => {
    // A file of one chunk cannot lie: its id is that of the chunk.
    const content = { kind: 'map', id: await storeMap() } as const
    const fileId = sha256Hex(Buffer.from('another')) as ObjectId
    const ref = await craft([{ ...fileEntry('a.bin'), fileId, bytes: 2 * payload.length, content }])
    await using dataset = await openDataset(ws.dir, { ref, homeDir: join(outside, 'home') })
    const mismatch = { code: 'WORKTREE_FILE_MISMATCH', exitCode: 13 }
    await expect(dataset.readFile('a.bin')).rejects.toMatchObject(mismatch)
    await expect(dataset.stream().next()).rejects.toMatchObject(mismatch)
  })

  it('that puts a file below its own symbolic link is refused', async () => {
    const { entry, chunk } = linkTo('d', outside)
    const commit = await craft([entry, fileEntry('d/file')], [chunk])
    await expect(switchTo(ws.workspace, { target: commit, detach: true })).rejects.toMatchObject({ exitCode: 13 })
    expect(filesOf(outside)).toEqual({})
    expect(ws.files()).toEqual({})
  })

  it('is not written through a link that is there already', async () => {
    symlinkSync(outside, join(ws.dir, 'd'))
    const commit = await craft([fileEntry('d/file')])
    await expect(switchTo(ws.workspace, { target: commit, detach: true })).rejects.toMatchObject({
      code: 'WORKTREE_THROUGH_SYMLINK',
      exitCode: 13,
      data: { path: 'd/file', link: 'd' },
    })
    await expect(switchTo(ws.workspace, { target: commit, detach: true, force: true })).rejects.toMatchObject({
      code: 'WORKTREE_THROUGH_SYMLINK',
    })
    expect(filesOf(outside)).toEqual({})
  })

  it('may replace a link by a folder and back, and never touches what the link points at', async () => {
    const link = linkTo('d', outside)
    const withLink = await craft([link.entry], [link.chunk])
    const withFolder = await craft([fileEntry('d/file')])
    await switchTo(ws.workspace, { target: withLink, detach: true })
    expect(ws.files()).toEqual({ d: `-> ${outside}` })
    await switchTo(ws.workspace, { target: withFolder, detach: true })
    expect(ws.files()).toEqual({ 'd/file': 'hostile' })
    await switchTo(ws.workspace, { target: withLink, detach: true })
    expect(ws.files()).toEqual({ d: `-> ${outside}` })
    expect(filesOf(outside)).toEqual({})
  })

  it('does not delete through a link that replaced a tracked folder', async () => {
    const withFolder = await craft([fileEntry('d/file')])
    const without = await craft([fileEntry('other')])
    await switchTo(ws.workspace, { target: withFolder, detach: true })
    rmSync(join(ws.dir, 'd'), { recursive: true })
    mkdirSync(join(outside, 'sub'))
    symlinkSync(outside, join(ws.dir, 'd'))
    const victim = join(outside, 'file')
    writeFileSync(victim, 'hostile')
    await switchTo(ws.workspace, { target: without, detach: true })
    expect(existsSync(victim)).toBe(true)
  })

  it('with a link target that no link can have is refused', async () => {
    const { entry, chunk } = linkTo('link', 'a\0b')
    const commit = await craft([entry], [chunk])
    await expect(switchTo(ws.workspace, { target: commit, detach: true })).rejects.toMatchObject({ exitCode: 13 })
    expect(ws.files()).toEqual({})
  })

  it('whose chunks make up another file than it says is refused, and the file is not left behind', async () => {
    const content = { kind: 'map', id: await storeMap() } as const
    const bytes = 2 * payload.length
    const honest = { ...fileEntry('a'), bytes, content, fileId: sha256Hex(Buffer.from('hostilehostile')) as ObjectId }
    const lying = await craft([{ ...honest, fileId: payloadId }])
    expect(await codeOf(switchTo(ws.workspace, { target: lying, detach: true }))).toBe('WORKTREE_FILE_MISMATCH')
    expect(ws.files()).toEqual({})
    await switchTo(ws.workspace, { target: await craft([honest]), detach: true })
    expect(ws.files()).toEqual({ a: 'hostilehostile' })
  })

  it('that is no tree, or whose commit is no commit, is refused', async () => {
    const commit = await ws.workspace.withLock('craft', async () => {
      const session = await ws.workspace.store.begin()
      const tree = await session.put('tree', new Uint8Array([9, 9, 9]))
      const fields = { tree, parents: [], author, timeMs: 1, message: 'x', profile: 1, attachments: new Map() }
      const id = await session.put('commit', encodeCommit(fields))
      const garbage = await session.put('commit', new Uint8Array([1, 2, 3]))
      await session.seal()
      return { id, garbage }
    })
    for (const target of [commit.id, commit.garbage])
      await expect(switchTo(ws.workspace, { target, detach: true })).rejects.toMatchObject({ exitCode: 13 })
  })
})
