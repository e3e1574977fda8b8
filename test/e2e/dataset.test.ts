import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { clone } from '../../src/repo/clone.ts'
import { type Dataset, openDataset, type StreamOptions } from '../../src/repo/dataset.ts'
import { push } from '../../src/repo/push.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { type LocalWorld, noise, startLocalWorld } from './local-world.ts'

const FILES = 300
let world: LocalWorld
let origin: string
let address: string
let options: RemoteOptions
let dataset: Dataset

const content = (i: number) => noise(100 + (i % 40), i)
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  const files: Record<string, string | Uint8Array> = {
    'README.md': '# data\n',
    empty: '',
    'big.bin': noise(1_500_000, 7),
  }
  for (let i = 0; i < FILES; i++) files[`train/${i % 5}/${i}.bin`] = content(i)
  origin = await world.workspace('origin', files)
  address = `local:${(await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })).repository}`
  options = { ...world.options, homeDir: world.path('home-dataset'), useCache: true }
  dataset = await openDataset(address, options)
})
afterAll(async () => {
  await dataset[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

async function order(stream: StreamOptions, from: Dataset = dataset): Promise<string[]> {
  const paths: string[] = []
  for await (const { path } of from.stream(stream)) paths.push(path)
  return paths
}

describe('a dataset', () => {
  it('refuses to stream what matches nothing, and gives a reader without a share of its own nothing', async () => {
    await expect(order({ paths: ['typo/**'] })).rejects.toMatchObject({ code: 'FILTER_MATCHES_NOTHING', exitCode: 2 })
    const only = (index: number) => order({ paths: ['README.md'], shard: { index, count: 2 } })
    expect([await only(0), await only(1)]).toEqual([['README.md'], []])
  })

  it('lists what the version has, and gives files and ranges of them', async () => {
    const paths: string[] = []
    for await (const { path } of dataset.list({ paths: ['*.md', 'empty'] })) paths.push(path)
    expect(paths).toEqual(['README.md', 'empty'])
    expect(await dataset.readFile('train/0/5.bin')).toEqual(content(5))
    expect(await dataset.readFile('empty')).toHaveLength(0)
    const big = noise(1_500_000, 7)
    for (const [from, to] of [
      [0, 10],
      [777_777, 777_999],
      [0, 1_500_000],
      [1_499_990, 9_999_999],
      [5, 5],
      [2_000_000, 3_000_000],
    ] as const)
      expect(Buffer.compare(await dataset.readRange('big.bin', from, to), big.subarray(from, to))).toBe(0)
    await expect(dataset.readFile('nowhere')).rejects.toMatchObject({ code: 'PATH_UNKNOWN' })
    await expect(dataset.readRange('big.bin', 5, 4)).rejects.toThrow(RangeError)
    await expect(openDataset(`${address}@nowhere`, options)).rejects.toMatchObject({ code: 'DATASET_REF_UNKNOWN' })
  })

  it('reads a range with its chunks alone, and a second time without the network', async () => {
    await using fresh = await openDataset(address, { ...options, homeDir: world.path('home-range') })
    await fresh.readRange('big.bin', 700_000, 700_100)
    expect(fresh.downloadedBytes).toBeLessThan(600_000)
    const before = fresh.downloadedBytes
    await fresh.readRange('big.bin', 700_000, 700_100)
    expect(fresh.downloadedBytes).toBe(before)
    await fresh[Symbol.asyncDispose]()
    await using again = await openDataset(address, { ...options, homeDir: world.path('home-range') })
    await again.readRange('big.bin', 700_000, 700_100)
    expect(again.downloadedBytes).toBe(0)
  })

  it('streams every file once, with its bytes, in path order or as a seed shuffles it', async () => {
    const seen = new Map<string, Uint8Array>()
    for await (const { path, bytes } of dataset.stream({ paths: ['train/**'], shuffleSeed: 1 })) seen.set(path, bytes)
    expect(seen.size).toBe(FILES)
    for (let i = 0; i < FILES; i++) expect(seen.get(`train/${i % 5}/${i}.bin`)).toEqual(content(i))
    const plain = await order({ paths: ['train/**'] })
    expect(plain).not.toEqual([...seen.keys()])
    expect(await order({ paths: ['train/**'], shuffleSeed: 1 })).toEqual([...seen.keys()])
    expect(await order({ paths: ['train/**'], shuffleSeed: 2 })).not.toEqual([...seen.keys()])
    expect([...seen.keys()].sort()).toEqual([...plain].sort())
  })

  it('divides the order among readers without loss or overlap, and goes on where one stopped', async () => {
    const whole = await order({ paths: ['train/**'], shuffleSeed: 5 })
    const shards = await Promise.all(
      [0, 1, 2, 3].map((index) => order({ paths: ['train/**'], shuffleSeed: 5, shard: { index, count: 4 } })),
    )
    expect(shards.map((shard) => shard.length)).toEqual([75, 75, 75, 75])
    expect(shards.flat().sort()).toEqual([...whole].sort())
    expect(shards[1]).toEqual(whole.filter((_, i) => i % 4 === 1))
    let next = 0
    for await (const file of dataset.stream({ paths: ['train/**'], shuffleSeed: 5, shard: { index: 2, count: 4 } })) {
      next = file.next
      if (next === 30) break
    }
    const rest = await order({ paths: ['train/**'], shuffleSeed: 5, shard: { index: 2, count: 4 }, from: next })
    expect(rest).toEqual(shards[2]!.slice(30))
    expect(await order({ shard: { index: 0, count: 1000 }, from: 5 })).toEqual([])
    const seeds = [{ shuffleSeed: Number.NaN }, { shuffleSeed: 0.5 }, { shuffleSeed: 'x' as unknown as number }]
    // What plain JavaScript may pass: each of these would have every reader read the same files.
    const shapes = ['1/4', 1 / 4, null, { index: 1 }, { count: 4 }, {}].map((shard) => ({ shard: shard as never }))
    const ranges = [{ shard: { index: 4, count: 4 } }, { shard: { index: 0, count: 0 } }, { from: -1 }]
    for (const bad of [...ranges, ...shapes, ...seeds]) await expect(order(bad)).rejects.toThrow(RangeError)
    await expect(order({ paths: 'train' as unknown as string[] })).rejects.toMatchObject({ code: 'FILTER_MALFORMED' })
  })

  it('keeps neighbours together in blocks', async () => {
    const plain = await order({ paths: ['train/**'] })
    const blocks = await order({ paths: ['train/**'], shuffleSeed: 3, shuffleBlock: 30 })
    expect([...blocks].sort()).toEqual([...plain].sort())
    for (let i = 0; i < FILES; i += 30) {
      const ranks = blocks.slice(i, i + 30).map((path) => Math.floor(plain.indexOf(path) / 30))
      expect(new Set(ranks).size).toBe(1)
    }
  })

  it('holds no more than it may of what nobody has taken yet', async () => {
    // Packs are small, so that what is read ahead shows in what was downloaded.
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${10 + i}.bin`, noise(10_000, 900 + i)]))
    const dir = await world.workspace('wide', files)
    const create = { name: 'wide', network: 'local' }
    const { repository } = await push(dir, { ...world.options, create, limits: { packBytes: 25_000 } })
    const ahead = async (bounds: StreamOptions) => {
      const fresh = { ...options, homeDir: world.path(`home-wide-${JSON.stringify(bounds)}`) }
      await using wide = await openDataset(`local:${repository}`, fresh)
      let most = 0
      for await (const { path } of wide.stream(bounds)) {
        if (path === '10.bin') {
          // The reader trains on the first file, and meanwhile nothing more comes than what is read ahead.
          for (let before = -1; wide.downloadedBytes !== before; ) {
            before = wide.downloadedBytes
            await sleep(500)
          }
          most = wide.downloadedBytes
        }
      }
      expect(wide.downloadedBytes).toBeGreaterThan(400_000)
      return most
    }
    expect(await ahead({ aheadFiles: 40, aheadBytes: 30_000 })).toBeLessThan(150_000)
    expect(await ahead({ aheadFiles: 3 })).toBeLessThan(150_000)
    expect(await ahead({ aheadFiles: 40 })).toBeGreaterThan(350_000)
  })

  it('is read from a directory, also from one that has a part of it', async () => {
    await using local = await openDataset(origin, world.options)
    expect(await local.readFile('train/0/5.bin')).toEqual(content(5))
    expect(local.downloadedBytes).toBe(0)
    const dir = world.path('part')
    await clone(address, dir, { ...world.options, filter: ['*.md'] })
    await using part = await openDataset(dir, world.options)
    expect(await order({ paths: ['train/**'], shuffleSeed: 1 }, part)).toHaveLength(FILES)
    expect(part.downloadedBytes).toBeGreaterThan(0)
    await expect(openDataset(join(dir, 'nowhere'), { ...world.options, ref: 'x' })).rejects.toMatchObject({
      exitCode: 2,
    })
  })
})
