import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { createTag } from '../../src/repo/branch.ts'
import { createBundle, unbundle, verifyBundle } from '../../src/repo/bundle.ts'
import { merge } from '../../src/repo/merge.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { BUNDLE_MAGIC, encodeBundleManifest } from '../../src/store/bundle-file.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { author, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let from: TemporaryWorkspace
let to: TemporaryWorkspace
let path: string

beforeEach(async () => {
  from = await temporaryWorkspace()
  to = await temporaryWorkspace()
  path = join(from.dir, '.floe/x.bundle')
})
afterEach(async () => {
  await from.close()
  await to.close()
})

async function twoVersions(): Promise<{ first: ObjectId; second: ObjectId }> {
  from.write('a', 'a')
  from.write('d/big', Buffer.alloc(300_000, 'line of text\n'))
  const { commit: first } = await from.commitAll('first')
  from.write('d/more', 'more')
  const { commit: second } = await from.commitAll('second')
  return { first, second }
}

describe('a bundle', () => {
  test('carries branches and tags with their history to another workspace', async () => {
    const { first, second } = await twoVersions()
    await createTag(from.workspace, { name: 'v1', at: first })
    const made = await createBundle(from.workspace, { path })
    expect(made.refs).toEqual([
      { name: 'heads/main', commit: second },
      { name: 'tags/v1', commit: first },
    ])
    expect(await verifyBundle(nodeFs, { path })).toEqual(made)
    const taken = await unbundle(to.workspace, { path })
    expect(taken.updated).toEqual([
      { ref: 'remotes/bundle/main', old: null, new: second },
      { ref: 'tags/v1', old: null, new: first },
    ])
    expect(taken.newObjects).toBe(made.objects)
    await merge(to.workspace, { revision: 'bundle/main', author })
    expect(to.files()).toEqual(from.files())
    expect(await verifyLocal(to.workspace, { full: true })).toMatchObject({ commits: 2, absent: 0 })
    expect(await unbundle(to.workspace, { path })).toMatchObject({ updated: [], newObjects: 0 })
  })

  test('leaves out what the receiver has, and says what has to be there first', async () => {
    const { first, second } = await twoVersions()
    const whole = await createBundle(from.workspace, { path })
    const later = `${path}.2`
    const made = await createBundle(from.workspace, { path: later, base: [first] })
    expect(made).toMatchObject({ prerequisites: [first] })
    expect(made.bytes).toBeLessThan(whole.bytes)
    await expect(unbundle(to.workspace, { path: later })).rejects.toMatchObject({
      code: 'BUNDLE_PREREQUISITE',
      data: { commits: [first] },
    })
    await unbundle(to.workspace, { path })
    expect(await unbundle(to.workspace, { path: later, name: 'usb' })).toMatchObject({
      updated: [{ ref: 'remotes/usb/main', new: second }],
    })
  })

  test('cannot speak for a remote', async () => {
    await twoVersions()
    await createBundle(from.workspace, { path })
    await to.workspace.withLock('test', async () => {
      const remotes = { origin: { network: 'local', repository: `local:0x${'1'.repeat(64)}` } }
      await to.workspace.writeConfig({ ...to.workspace.readConfig(), remotes })
    })
    await expect(unbundle(to.workspace, { path, name: 'origin' })).rejects.toMatchObject({
      code: 'BUNDLE_NAME_REFUSED',
    })
    expect(to.workspace.refs.list()).toEqual([])
    await unbundle(to.workspace, { path })
  })

  test('leaves a tag alone that means something else here', async () => {
    const { first } = await twoVersions()
    await createTag(from.workspace, { name: 'v1', at: first })
    to.write('own', 'own')
    const own = await to.commitAll('own')
    await createTag(to.workspace, { name: 'v1', at: own.commit })
    await createBundle(from.workspace, { path, refs: ['v1'] })
    expect(await unbundle(to.workspace, { path })).toMatchObject({ updated: [], keptTags: ['tags/v1'] })
    expect(to.workspace.refs.read('tags/v1')).toBe(own.commit)
  })

  test('is written whole or not at all, and replaces nothing unasked', async () => {
    await twoVersions()
    await expect(createBundle(from.workspace, { path, refs: ['nowhere'] })).rejects.toMatchObject({
      code: 'BUNDLE_REF_MISSING',
    })
    const stopped = createBundle(from.workspace, { path, signal: AbortSignal.abort() })
    await expect(stopped).rejects.toMatchObject({ kind: 'cancelled' })
    expect(readdirSync(join(from.dir, '.floe')).filter((name) => name.includes('bundle'))).toEqual([])
    await createBundle(from.workspace, { path })
    await expect(createBundle(from.workspace, { path })).rejects.toMatchObject({ code: 'BUNDLE_EXISTS' })
    await createBundle(from.workspace, { path, force: true })
  })
})

test('the manifest of format version 1 never changes', () => {
  const id = (digit: string) => digit.repeat(64) as ObjectId
  const manifest = {
    refs: [{ name: 'heads/main', commit: id('1') }],
    prerequisites: [id('2')],
    packs: [
      { kind: 'data' as const, bytes: 1000 },
      { kind: 'meta' as const, bytes: 258 },
    ],
  }
  expect(toHex(encodeBundleManifest(manifest))).toBe(
    `010a${toHex(utf8('heads/main'))}${id('1')}01${id('2')}0201e80300000000000002020100000000000060000000`,
  )
})

describe('a hostile bundle', () => {
  /** Bytes with a true hash at the end: what an enemy sends, not what a disk does. */
  const sealed = (body: Uint8Array) => concatBytes(body, sha256(body))

  async function refused(bytes: Uint8Array): Promise<void> {
    writeFileSync(path, bytes)
    const error = await unbundle(to.workspace, { path }).catch((reason: unknown) => reason)
    if (!(error instanceof FloeError)) return expect(error).toMatchObject({ updated: expect.anything() })
    expect(error.code).toMatch(/^BUNDLE_(CORRUPT|PREREQUISITE)$/)
    expect(to.workspace.refs.list()).toEqual([])
  }

  test('is refused at any flipped byte', async () => {
    await twoVersions()
    await createBundle(from.workspace, { path })
    const bytes = readFileSync(path)
    const rng = createRng(1)
    for (let i = 0; i < 40; i++) {
      const spoiled = Uint8Array.from(bytes)
      spoiled[rng.below(bytes.length)]! ^= 1 << rng.below(8)
      writeFileSync(path, spoiled)
      await expect(verifyBundle(nodeFs, { path })).rejects.toMatchObject({ code: 'BUNDLE_CORRUPT', exitCode: 13 })
    }
  })

  test('moves no ref, whatever its bytes, even where they hash to what it says', async () => {
    await twoVersions()
    await createBundle(from.workspace, { path })
    const body = readFileSync(path).subarray(0, -32)
    const rng = createRng(2)
    for (let i = 0; i < 60; i++) {
      const spoiled = Uint8Array.from(body)
      // Half of them in the last bytes: manifest and lengths.
      const at = i % 2 === 0 ? rng.below(body.length) : body.length - 1 - rng.below(Math.min(150, body.length))
      spoiled[at]! ^= 1 << rng.below(8)
      await to.workspace.store.refresh()
      // A flipped bit of a ref's name is still a name.
      const isName = Buffer.from(spoiled).subarray(-150).toString('latin1').includes('heads/main') === false
      if (!isName) await refused(sealed(spoiled.subarray(0, i % 10 === 9 ? at : undefined)))
    }
    expect(existsSync(join(to.dir, '.floe/lock'))).toBe(false)
  })

  test('is refused if its refs need what it does not hold, or if they have no name of a ref', async () => {
    const { second } = await twoVersions()
    const manifest = (name: string) =>
      encodeBundleManifest({ refs: [{ name, commit: second }], prerequisites: [], packs: [] })
    for (const name of ['heads/main', 'heads/../../x', 'remotes/x/y', 'heads/', 'main'])
      await refused(sealed(concatBytes(BUNDLE_MAGIC, manifest(name))))
    expect(to.workspace.refs.list()).toEqual([])
  })
})
