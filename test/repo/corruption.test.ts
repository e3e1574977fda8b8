/** Damaged files under `.floe/`: a coded error or a silent rebuild, never a crash and never a wrong byte. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FloeError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { catFile } from '../../src/repo/cat.ts'
import { commit } from '../../src/repo/commit.ts'
import { fsck } from '../../src/repo/fsck.ts'
import { gc } from '../../src/repo/gc.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { logOf } from '../../src/repo/log.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { showCommit } from '../../src/repo/show.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { author, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
const expected = new Map<string, string>()

beforeEach(async () => {
  ws = await temporaryWorkspace()
  const rng = createRng(1)
  expected.clear()
  for (let i = 0; i < 12; i++) {
    const contents = Buffer.from(rng.fill(new Uint8Array(200 + 40 * i))).toString('hex')
    ws.write(`d${i % 3}/f${i}`, contents)
    expected.set(`d${i % 3}/f${i}`, contents)
  }
  await ws.commitAll('one')
  await ws.workspace.close()
})
afterEach(() => ws.close())

/** Flips a bit, cuts the end off, or puts rubbish in place of a stretch. */
function mutate(good: Uint8Array, rng: Rng): Uint8Array {
  const bad = Uint8Array.from(good) // a Buffer's slice would share its bytes
  const kind = rng.below(4)
  if (kind === 0) return bad.subarray(0, rng.below(good.length))
  const at = rng.below(good.length)
  if (kind === 1) rng.fill(bad.subarray(at, at + 8))
  else bad[at]! ^= 1 << rng.below(8)
  return bad
}

/** Reads everything through a fresh handle. */
async function readAll(): Promise<Map<string, string>> {
  await using workspace = await openWorkspace(ws.dir)
  const found = new Map<string, string>()
  for await (const { path } of listFiles(workspace)) {
    const pieces: Uint8Array[] = []
    for await (const piece of catFile(workspace, { path })) pieces.push(piece)
    found.set(path, Buffer.concat(pieces).toString())
  }
  return found
}

async function verifyFull(): Promise<unknown> {
  await using workspace = await openWorkspace(ws.dir)
  return await verifyLocal(workspace, { full: true })
}

function storeFiles(suffix: string): string[] {
  const packs = join(ws.dir, '.floe/packs')
  return readdirSync(packs)
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(packs, name))
}

describe('damage on the disk', () => {
  it('in a pack is named with exit 13, and never gives a wrong byte', async () => {
    const rng = createRng(2)
    let reported = 0
    for (const path of storeFiles('.pack')) {
      const good = readFileSync(path)
      for (let round = 0; round < 40; round++) {
        const bad = mutate(good, rng)
        if (Buffer.compare(bad, good) === 0) continue
        writeFileSync(path, bad)
        const where = `${path} round ${round}`
        try {
          expect(Object.fromEntries(await readAll()), where).toEqual(Object.fromEntries(expected))
        } catch (error) {
          expect(error, where).toBeInstanceOf(FloeError)
          expect((error as FloeError).kind, where).toBe('integrity')
        }
        // Only the locator, of which a local pack has none, may hold bytes that nothing checks.
        const verdict = await verifyFull().catch((error: unknown) => error)
        expect(verdict, where).toBeInstanceOf(FloeError)
        expect(verdict, where).toMatchObject({ kind: 'integrity' })
        reported++
      }
      writeFileSync(path, good)
    }
    expect(reported).toBeGreaterThan(60)
    await verifyFull()
  })

  it('that has taken a pack is no empty history', async () => {
    for (const name of readdirSync(join(ws.dir, '.floe/packs')))
      if (name.endsWith('.pack')) rmSync(join(ws.dir, '.floe/packs', name))
    await using workspace = await openWorkspace(ws.dir)
    for (const work of [() => logOf(workspace, {}), () => statusOf(workspace), () => showCommit(workspace)]) {
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject({ code: 'OBJECT_MISSING', exitCode: 13 })
      expect((error as FloeError).hints.join()).toContain('`floe fsck --repair`')
    }
  })

  it('in the merged index or the stat cache goes unnoticed, because both are made again', async () => {
    const rng = createRng(3)
    for (const path of [...storeFiles('.midx'), join(ws.dir, '.floe/stat')]) {
      const good = readFileSync(path)
      for (let round = 0; round < 20; round++) {
        const bad = mutate(good, rng)
        const where = `${path} round ${round}`
        writeFileSync(path, bad)
        expect(await readAll(), where).toEqual(expected)
        writeFileSync(path, bad)
        await verifyFull()
        writeFileSync(path, bad)
        await using workspace = await openWorkspace(ws.dir)
        expect((await statusOf(workspace)).clean, where).toBe(true)
      }
      rmSync(path, { force: true })
      expect(await readAll()).toEqual(expected)
      writeFileSync(path, good)
    }
  })

  it('as a folder in the place of a merged index keeps neither gc nor the next commit from their end', async () => {
    for (const path of storeFiles('.midx')) {
      rmSync(path)
      mkdirSync(path)
      writeFileSync(join(path, 'notes'), 'somebody put this here')
    }
    await using workspace = await openWorkspace(ws.dir)
    for (let i = 0; i < 6; i++) {
      ws.write('d0/one', `one ${i}`)
      await add(workspace, { all: true })
      await commit(workspace, { message: 'one', author })
    }
    expect((await gc(workspace, { graceMs: 0 })).packs.rewritten).toBeGreaterThan(0)
    expect((await statusOf(workspace)).clean).toBe(true)
    await verifyFull()
  })

  it.each(['stat', 'stat-recent', 'settled'])(
    'as a folder in the place of .floe/%s is moved aside, with what is in it',
    async (name) => {
      const path = join(ws.dir, '.floe', name)
      rmSync(path, { force: true })
      mkdirSync(path)
      writeFileSync(join(path, 'notes'), 'somebody put this here')
      await using workspace = await openWorkspace(ws.dir)
      expect((await statusOf(workspace)).clean).toBe(true)
      // So many that `stat` is written, and `stat-recent` after it; `settled` by what brings all files up to date.
      for (let i = 0; i < 100; i++) ws.write(`more/${i}`, `${i}`)
      await add(workspace, { all: true })
      await commit(workspace, { message: 'more', author })
      ws.write('d0/one', 'one')
      await add(workspace, { all: true })
      await commit(workspace, { message: 'one', author })
      await switchTo(workspace, { target: 'HEAD~1', detach: true })
      expect(statSync(path).isFile()).toBe(true)
      const aside = readdirSync(join(ws.dir, '.floe/damaged'))
      expect(aside).toHaveLength(1)
      expect(readFileSync(join(ws.dir, '.floe/damaged', aside[0]!, 'notes'), 'utf8')).toBe('somebody put this here')
      expect((await statusOf(workspace)).clean).toBe(true)
    },
  )

  it('in staging is exit 13, and setting it aside loses only what was staged', async () => {
    ws.write('d0/new', 'new')
    await using workspace = await openWorkspace(ws.dir)
    await add(workspace, { paths: ['d0/new'] })
    const path = join(ws.dir, '.floe/staging')
    const good = readFileSync(path)
    const rng = createRng(4)
    for (let round = 0; round < 60; round++) {
      const bad = mutate(good, rng)
      if (Buffer.compare(bad, good) === 0) continue
      writeFileSync(path, bad)
      for (const attempt of [() => statusOf(workspace), () => commit(workspace, { message: 'x', author })])
        await expect(attempt(), `round ${round}`).rejects.toMatchObject({ code: 'STORE_STAGING_CORRUPT', exitCode: 13 })
    }
    rmSync(path)
    mkdirSync(path)
    await expect(statusOf(workspace)).rejects.toMatchObject({ code: 'STORE_STAGING_CORRUPT', exitCode: 13 })
    await expect(fsck(workspace)).rejects.toMatchObject({
      code: 'STORE_STAGING_CORRUPT',
      hints: [expect.stringContaining('`floe fsck --repair`')],
    })
    expect(await fsck(workspace, { repair: true })).toMatchObject({ repair: { staging: true } })
    expect(readdirSync(join(ws.dir, '.floe/damaged'))).toEqual([expect.stringMatching(/^staging-/)])
    expect((await statusOf(workspace)).untracked).toEqual(['d0/new'])
    expect(await readAll()).toEqual(expected)
  })

  it('that has taken the configuration says what to do, and init keeps everything else', async () => {
    // The one above must not be taken for it.
    const inner = join(ws.dir, 'inner')
    mkdirSync(inner)
    await initWorkspace(inner)
    writeFileSync(join(inner, 'a'), 'a')
    {
      await using workspace = await openWorkspace(inner)
      await add(workspace, { all: true })
      await commit(workspace, { message: 'inner', author })
      await switchTo(workspace, { target: 'dev', create: true })
    }
    rmSync(join(inner, '.floe/config.json'))
    await expect(openWorkspace(inner)).rejects.toMatchObject({
      code: 'STORE_CONFIG_INVALID',
      hints: [expect.stringContaining('`floe init`')],
    })
    expect(await initWorkspace(inner)).toMatchObject({ $kind: 'existing', branch: 'dev' })
    await using workspace = await openWorkspace(inner)
    expect(await statusOf(workspace)).toMatchObject({ head: { branch: 'dev' }, clean: true })
  })

  it('in the configuration is a coded error', async () => {
    const path = join(ws.dir, '.floe/config.json')
    const good = readFileSync(path)
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"version":"1"}',
      '{"version":1,"user":3}',
      '{"version":1,"remotes":{"-x":{}}}',
    ]) {
      writeFileSync(path, text)
      await expect(openWorkspace(ws.dir)).rejects.toMatchObject({ code: 'STORE_CONFIG_INVALID', exitCode: 2 })
    }
    writeFileSync(path, '{"version":2}')
    await expect(openWorkspace(ws.dir)).rejects.toMatchObject({ code: 'STORE_VERSION_UNKNOWN', exitCode: 2 })
    writeFileSync(path, good)
    expect(existsSync(path)).toBe(true)
  })

  it('of which another pack holds a copy is stepped over', async () => {
    // The same contents stored twice: the second session cannot see the first pack.
    const [data] = storeFiles('.pack').filter((path) => readFileSync(path).includes('f'))
    await using workspace = await openWorkspace(ws.dir)
    const packs = await workspace.store.packs()
    const chunks = packs.find((pack) => pack.kind === 'data')!
    const bytes = readFileSync(chunks.path)
    rmSync(chunks.path)
    workspace.store.refresh()
    await workspace.withLock('test', async () => {
      const session = await workspace.store.begin()
      for (const contents of expected.values()) await session.put('chunk', Buffer.from(contents))
      await session.put('chunk', Buffer.from('one more, so that the pack has another name'))
      await session.seal()
    })
    const damaged = Uint8Array.from(bytes)
    damaged.fill(0, 100, 400)
    writeFileSync(chunks.path, damaged)
    expect(data).toBeDefined()
    expect(await readAll()).toEqual(expected)
    await expect(verifyFull()).rejects.toMatchObject({ code: 'STORE_PACK_CORRUPT' })
  })
})
