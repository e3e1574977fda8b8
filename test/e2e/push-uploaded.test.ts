import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clone } from '../../src/repo/clone.ts'
import type { ProgressEvent } from '../../src/repo/progress.ts'
import { type PushOptions, push } from '../../src/repo/push.ts'
import { abortPush, pushStatus } from '../../src/repo/push-abort.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('a push that had uploaded packs before it was interrupted', () => {
  /** Everything but the last transaction, which does not get through. */
  const interrupted = async (name: string, seed: number) => {
    const dir = await world.workspace(name, { 'a.bin': noise(90_000, seed), 'b.bin': noise(60_000, seed + 1) })
    let executions = 0
    const cutOff: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions >= 2) throw new TypeError('fetch failed')
      return fetch(input, init)
    }
    const create = { name, network: 'local' }
    const first = push(dir, { ...world.options, ...small, create, fetch: cutOff })
    await expect(first).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    return dir
  }
  const small = { limits: { packBytes: 100_000 } }
  const resumed = async (dir: string, name: string, options: Partial<PushOptions> = {}) => {
    const events: ProgressEvent[] = []
    const onProgress = (event: ProgressEvent) => void events.push(event)
    const create = { name, network: 'local' }
    const result = await push(dir, { ...world.options, ...small, ...options, create, onProgress })
    await clone(`local:${result.repository}`, world.path(`${name}-clone`), world.options)
    expect(await snapshot(world.path(`${name}-clone`))).toEqual(await snapshot(dir))
    return { result, encoded: events.filter(({ $kind }) => $kind === 'encoded').length, events }
  }

  it('encodes none of them again, and sends nothing', async () => {
    const dir = await interrupted('uploaded', 300)
    const { result, encoded, events } = await resumed(dir, 'uploaded')
    expect(result).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
    expect(result.packs.length).toBeGreaterThan(2)
    expect(encoded).toBe(0)
    expect(events.filter(({ $kind }) => $kind === 'uploaded')).toHaveLength(result.packs.length)
    expect(events.some(({ $kind }) => $kind === 'uploading')).toBe(false)
    expect(await pushStatus(dir)).toEqual([])
  })

  it('encodes what a commit made since has changed, and no more', async () => {
    const dir = await interrupted('uploaded-more', 310)
    const [before] = await pushStatus(dir)
    await world.change(dir, { 'c.bin': noise(30_000, 312) })
    const { result, encoded } = await resumed(dir, 'uploaded-more')
    const paidBefore = new Set(before!.packs.map(({ blobId }) => blobId))
    const fresh = result.packs.filter(({ blobId }) => !paidBefore.has(blobId))
    // Its own contents, and the pack with its tree and the locator, which names more packs now.
    expect(fresh.map(({ kind }) => kind).sort()).toEqual(['data', 'meta'])
    expect(encoded).toBe(fresh.length)
    // The pack with the older locator.
    expect(result.notice).toContain('had paid for a pack that')
  })

  it('has them confirmed anew where an epoch has ended since', async () => {
    const dir = await interrupted('uploaded-before', 320)
    await world.net.advanceEpoch()
    const { result, encoded } = await resumed(dir, 'uploaded-before', { epochs: 3 })
    expect([encoded, result.cost.walFrost]).toEqual([0, '0'])
  })

  it('has them confirmed anew where what the journal has of their certificates does not hold', async () => {
    const dir = await interrupted('certificates', 325)
    const [journal] = (await readdir(join(dir, '.floe/pushes'))).filter((name) => name.endsWith('.jsonl'))
    const path = join(dir, '.floe/pushes', journal!)
    const text = await readFile(path, 'utf8')
    const spoiled = text.replace(/"signature":"[^"]+"/g, `"signature":"${Buffer.alloc(96, 1).toString('base64')}"`)
    expect(spoiled).not.toBe(text)
    await writeFile(path, spoiled)
    const { result, encoded } = await resumed(dir, 'certificates')
    expect([encoded, result.cost.walFrost]).toEqual([0, '0'])
  })

  it('sends them again where they have been released, or slow nodes shall have them too', async () => {
    const released = await interrupted('released', 330)
    await abortPush(released, world.options)
    const again = await resumed(released, 'released')
    expect(again.encoded).toBe(again.result.packs.length)
    const toAll = await interrupted('to-all', 340)
    // Every node is asked, and none is sent what it has.
    let sent = 0
    const counting: typeof fetch = (input, init) => {
      if (init?.method === 'PUT') sent++
      return fetch(input, init)
    }
    const all = await resumed(toAll, 'to-all', { finishTail: true, fetch: counting })
    expect([all.encoded, all.result.cost.walFrost, sent]).toEqual([all.result.packs.length, '0', 0])
    // What its journal says of a blob is not believed if that is not the pusher's.
    const foreign = await interrupted('foreign', 350)
    const [journal] = (await readdir(join(foreign, '.floe/pushes'))).filter((name) => name.endsWith('.jsonl'))
    const path = join(foreign, '.floe/pushes', journal!)
    const text = await readFile(path, 'utf8')
    const [own] = /"blobId":"[^"]+"/.exec(text)!
    await writeFile(path, text.replaceAll(own, `"blobId":"${all.result.packs[0]!.blobId}"`))
    const rest = await resumed(foreign, 'foreign')
    expect([rest.encoded, rest.result.cost.walFrost]).toEqual([1, '0'])
  })

  it('goes on with the slivers that no node has taken, and asks for none of the others', async () => {
    const name = 'half-way'
    const dir = await world.workspace(name, { 'a.bin': noise(90_000, 360) })
    const create = { name, network: 'local' }
    const stop = new AbortController()
    // Of sixteen, two packs at four nodes; a pack needs six.
    const SENT = 5
    let sent = 0
    const before = new Set<string>()
    const stopping: typeof fetch = async (input, init) => {
      const url = String(input)
      if (init?.method !== 'PUT' || !url.includes('/slivers/')) return fetch(input, init)
      // The others wait for the end.
      if (sent++ >= SENT)
        return new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(new Error('stopped'))))
      const answer = await fetch(input, init)
      before.add(url)
      if (before.size === SENT) setTimeout(() => stop.abort(), 200)
      return answer
    }
    const first = push(dir, { ...world.options, create, fetch: stopping, signal: stop.signal })
    await expect(first).rejects.toMatchObject({ exitCode: 130 })
    const packs = (await pushStatus(dir)).flatMap((one) => one.packs)
    expect(packs.map(({ state }) => state)).toEqual(['registered', 'registered'])
    expect(packs.reduce((sum, { sent: part }) => sum + (part?.slivers ?? 0), 0)).toBe(SENT)
    const again: string[] = []
    const watching: typeof fetch = (input, init) => {
      const url = String(input)
      if (before.has(url.replace(/\/status$/, ''))) again.push(url)
      return fetch(input, init)
    }
    const { result } = await resumed(dir, name, { fetch: watching })
    expect(result).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
    expect([before.size, again]).toEqual([SENT, []])
    expect((await readdir(join(dir, '.floe/pushes'))).filter((file) => file.endsWith('.upload'))).toEqual([])
  })

  it('encodes nothing again that enough nodes had confirmed before it was killed', async () => {
    const name = 'confirmed'
    const dir = await world.workspace(name, { 'a.bin': noise(90_000, 370) })
    const killing = (event: ProgressEvent) => {
      if (event.$kind === 'uploaded') throw new Error('killed')
    }
    const create = { name, network: 'local' }
    await expect(push(dir, { ...world.options, create, onProgress: killing })).rejects.toThrow('killed')
    const states = (await pushStatus(dir)).flatMap(({ packs }) => packs.map(({ state }) => state))
    expect(states).not.toContain('uploaded')
    const { result, encoded, events } = await resumed(dir, name)
    expect([result.cost.walFrost, encoded]).toEqual(['0', 0])
    expect(events.some(({ $kind }) => $kind === 'uploading')).toBe(false)
  })
})
