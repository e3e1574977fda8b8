import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { nodeFs } from '../../src/store/node-fs.ts'
import { createReadPool } from '../../src/worktree/read-pool.ts'

const root = mkdtempSync(join(tmpdir(), 'floe-read-pool-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const LARGE_BYTES = 128 * 2 ** 20

it('reads small files beside a large one, though one thread is enough for small ones alone', async () => {
  // All zeros, and on most file systems nothing on the device: many times what a thread takes to start.
  writeFileSync(join(root, 'large'), '')
  truncateSync(join(root, 'large'), LARGE_BYTES)
  writeFileSync(join(root, 'small'), 'small')
  mkdirSync(join(root, 'tmp'))
  const place = { path: join(root, 'tmp/lane'), packBytes: 2 ** 27 }
  const order: string[] = []
  await using pool = createReadPool({ threads: 2, root, place, onPack: () => {} })
  const none = ({ lengths }: { lengths: Uint32Array }) => new Uint8Array(lengths.length)
  const stats = ['large', 'small'].map((name) => nodeFs.stat(join(root, name))!)
  const large = await pool.readLarge({ path: 'large', stat: stats[0]! }, none)
  const small = await pool.readBatch({ paths: ['small'], stats: [stats[1]!], sizings: undefined }, none)
  await Promise.all([
    large.read.then(({ stat }) => order.push(`large, ${stat?.bytes}`)),
    small.read.then(({ counts }) => order.push(`small, ${counts.join()}`)),
  ])
  await pool.finish()
  expect(order).toEqual(['small, 1', `large, ${LARGE_BYTES}`])
})
