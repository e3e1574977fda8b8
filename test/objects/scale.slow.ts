/** Ten million files: what DESIGN §4 demands of trees. Run by `npm run test:slow`. */

import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { type ObjectId, objectIdFor, objectKey } from '../../src/objects/id.ts'
import type { ReadObject, WriteObject } from '../../src/objects/reader.ts'
import { buildTree, diffTrees, findEntry, type TreeEntry, updateTree } from '../../src/objects/tree.ts'

const FILES = Number(process.env['FLOE_SCALE_FILES'] ?? 10_000_000)

function entry(path: string, text: string): TreeEntry {
  const fileId = sha256Hex(utf8(text)) as ObjectId
  return { path, kind: 'file', executable: false, bytes: text.length, fileId, content: { kind: 'chunk', id: fileId } }
}

/** Paths in order, without an array of them. */
function* files(): Generator<TreeEntry> {
  const perFolder = 10_000
  for (let i = 0; i < FILES; i++) {
    const folder = String(Math.floor(i / perFolder)).padStart(6, '0')
    yield entry(`train/${folder}/sample-${String(i % perFolder).padStart(6, '0')}.jpg`, String(i))
  }
}

test('a tree of ten million files is built in bounded memory, and one change costs a few nodes', async () => {
  // Inner nodes and one leaf in a hundred are kept: the walk below needs no others, and the test little memory.
  const kept = new Map<string, Uint8Array>()
  let nodes = 0
  const path = `train/${String(Math.floor(FILES / 20_000)).padStart(6, '0')}/sample-001234.jpg`
  const write: WriteObject = async (kind, bytes) => {
    const id = objectIdFor(kind, bytes)
    nodes++
    if (bytes[0]! > 0 || Buffer.from(bytes).includes(path)) kept.set(objectKey(kind, id), bytes)
    return id
  }
  const started = performance.now()
  const root = await buildTree(files(), write)
  const seconds = (performance.now() - started) / 1000
  console.log(
    `${FILES} files: ${nodes} nodes, ${Math.round(FILES / seconds)} files/s, ${process.memoryUsage().rss >> 20} MiB`,
  )
  expect(nodes).toBeLessThan(FILES / 25)
  let reads = 0
  const read: ReadObject = async (kind, id) => {
    reads++
    const bytes = kept.get(objectKey(kind, id))
    if (!bytes) throw new Error(`read a node that is not on the way: ${id}`)
    return bytes
  }
  expect(await findEntry(read, root, path)).toBeDefined()
  expect(reads).toBeLessThanOrEqual(6)
  const before = nodes
  const changed = await updateTree(read, write, root, [{ path, entry: entry(path, 'new') }])
  expect(nodes - before).toBeLessThanOrEqual(6)
  const differences = []
  for await (const difference of diffTrees(read, root, changed)) differences.push(difference.path)
  expect(differences).toEqual([path])
  expect(process.memoryUsage().rss).toBeLessThan(1024 * 1024 * 1024)
}, 3_600_000)
