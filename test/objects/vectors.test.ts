/** Ids never change: what these tests compare with is checked in, and was made by another implementation
 *  (test/vectors/objects/README.md). */

import { readFileSync } from 'node:fs'
import * as arrow from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { encodeCommit, parseCommit } from '../../src/objects/commit.ts'
import { buildContentMap, encodeMapNode, parseMapNode } from '../../src/objects/content-map.ts'
import { type ObjectId, objectIdFor, objectIdFromBytes } from '../../src/objects/id.ts'
import { mergeSegments, openLocatorSegment } from '../../src/objects/locator.ts'
import { openPack, verifyPack, walkPack } from '../../src/objects/pack-reader.ts'
import { bufferRangeReader, createMemoryObjects } from '../../src/objects/reader.ts'
import {
  buildTree,
  comparePaths,
  encodeTreeNode,
  parseTreeNode,
  type TreeEntry,
  verifyTree,
} from '../../src/objects/tree.ts'
import { goldenPacks } from '../vectors/packs/build.ts'

const vectors = JSON.parse(readFileSync(new URL('../vectors/objects/objects.json', import.meta.url), 'utf8'))

function file(path: string, text: string): TreeEntry {
  const fileId = objectIdFor('chunk', utf8(text))
  const content = { kind: 'chunk', id: fileId } as const
  return { path, kind: 'file', executable: false, bytes: Buffer.byteLength(text), fileId, content }
}

const sorted = (entries: TreeEntry[]) => entries.sort((a, b) => comparePaths(a.path, b.path))

describe('ids of format version 1', () => {
  test('of chunks and attachments', () => {
    for (const kind of ['chunk', 'attachment'] as const)
      expect(objectIdFor(kind, fromHex(vectors[kind].bytes))).toBe(vectors[kind].id)
  })

  test('of a map node, and its bytes', () => {
    const { items, bytes, id } = vectors.mapNode
    expect(toHex(encodeMapNode({ level: 0, items }))).toBe(bytes)
    expect(parseMapNode(fromHex(bytes))).toEqual({ level: 0, items })
    expect(objectIdFor('map', fromHex(bytes))).toBe(id)
  })

  test('of a tree node, and its bytes', async () => {
    const { entries, bytes, id } = vectors.treeNode
    expect(toHex(encodeTreeNode({ level: 0, entries, links: [] }))).toBe(bytes)
    expect(parseTreeNode(fromHex(bytes)).entries).toEqual(entries)
    expect(await buildTree(entries, createMemoryObjects().write)).toBe(id)
    expect(await buildTree([], createMemoryObjects().write)).toBe(vectors.emptyTree)
  })

  test('of a commit, and its bytes', () => {
    const { commit, bytes, id } = vectors.commit
    const expected = { ...commit, attachments: new Map(Object.entries(commit.attachments)) }
    expect(toHex(encodeCommit(expected))).toBe(bytes)
    expect(parseCommit(fromHex(bytes))).toEqual(expected)
    expect(objectIdFor('commit', fromHex(bytes))).toBe(id)
  })

  test('of content maps of several levels', async () => {
    for (const { chunks, id } of vectors.contentMaps) {
      const list = Array.from({ length: chunks }, (_, i) => ({
        id: sha256Hex(utf8(String(i))) as ObjectId,
        bytes: 1 + (i % 65_536),
      }))
      expect(await buildContentMap(list, createMemoryObjects().write)).toEqual({ kind: 'map', id })
    }
  })

  test('of trees of several levels', async () => {
    for (const { files, id } of vectors.trees) {
      const entries = Array.from({ length: files }, (_, i) =>
        file(`train/${String(i % 97).padStart(3, '0')}/sample-${i}.bin`, String(i)),
      )
      const { read, write } = createMemoryObjects()
      expect(await buildTree(sorted(entries), write)).toBe(id)
      expect((await verifyTree(read, id)).entries).toBe(files)
    }
    const long = Array.from({ length: 30 }, (_, i) => {
      const segment = `${String(i).padStart(2, '0')}${'x'.repeat(252)}`
      return file(Array(16).fill(segment).join('/').slice(0, 4090), 'x')
    })
    expect(await buildTree(sorted(long), createMemoryObjects().write)).toBe(vectors.longPaths)
  })
})

describe('packs of format version 1', () => {
  const load = (name: string) => new Uint8Array(readFileSync(new URL(`../vectors/packs/${name}`, import.meta.url)))
  const expected = JSON.parse(readFileSync(new URL('../vectors/packs/packs.json', import.meta.url), 'utf8'))

  for (const name of ['data-v1.pack', 'stored-v1.pack', 'meta-v1.pack'])
    test(`${name} is read in full`, async () => {
      const pack = load(name)
      const want = expected[name]
      expect(sha256Hex(pack)).toBe(want.sha256)
      const reader = bufferRangeReader(pack)
      expect(await verifyPack(reader)).toMatchObject({ kind: want.kind, objects: want.objects.length })
      const { index } = await openPack(reader)
      const objects = []
      for await (const { kind, id, bytes } of walkPack(reader, index)) objects.push({ kind, id, bytes: bytes.length })
      expect(objects).toEqual(want.objects)
      const codecs = Array.from({ length: index.frameCount }, (_, frame) => index.frameAt(frame).codec)
      expect(codecs).toEqual(want.codecs)
    })

  test('the index is what apache-arrow reads', async () => {
    for (const name of ['data-v1.pack', 'meta-v1.pack']) {
      const pack = load(name)
      const { index, footer } = await openPack(bufferRangeReader(pack))
      const encoded = pack.subarray(footer.indexOffset, footer.indexOffset + footer.indexBytes)
      const table = arrow.tableFromIPC(encoded)
      expect(table.schema.fields.map((field) => `${field.name}: ${field.type}`)).toEqual([
        'kind: Uint8',
        'id: FixedSizeBinary[32]',
        'frame: Uint32',
        'offset: Uint32',
        'length: Uint32',
      ])
      expect(table.numRows).toBe(index.objectCount)
      for (let i = 0; i < table.numRows; i++) {
        const row = table.get(i)!.toJSON()
        expect(objectIdFromBytes(row['id'] as Uint8Array)).toBe(index.idAt(i))
        expect([row['frame'], row['length']]).toEqual([index.frameOf(i), index.bytesAt(i)])
      }
    }
  })

  test('the locator segment names every object of both packs', async () => {
    const pack = bufferRangeReader(load('meta-v1.pack'))
    const { footer } = await openPack(pack)
    const blobId = fromHex(expected['meta-v1.pack'].sha256)
    const ref = { blobId, offset: footer.locatorOffset, bytes: footer.locatorBytes }
    const segment = await openLocatorSegment(pack, ref)
    for (const name of ['data-v1.pack', 'meta-v1.pack'])
      for (const { kind, id, bytes } of expected[name].objects) {
        const [place] = await segment.find(kind, id)
        expect(place).toMatchObject({ bytes, blobId: fromHex(expected[name].sha256) })
      }
    // Merged again, alone, it comes out as it is: the layout is a function of its entries.
    const pieces: Uint8Array[] = []
    const source = { ...segment, packs: segment.packs.map((id, i) => (i === 0 ? null : id)) }
    for await (const piece of mergeSegments([source])) pieces.push(piece)
    expect(Buffer.compare(Buffer.concat(pieces), await pack.read(ref.offset, ref.bytes))).toBe(0)
  })

  test('what does not pass through zstd is written byte for byte as before', async () => {
    const packs = await goldenPacks()
    expect(Buffer.compare(packs['stored-v1.pack'], load('stored-v1.pack'))).toBe(0)
  })
})
