/** Every parser of this folder gets mutated bytes. It may accept what is canonical, and must refuse all else as an
 *  integrity error, within bounded memory. */

import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { FloeError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { encodeCommit, parseCommit } from '../../src/objects/commit.ts'
import { encodeMapNode, parseMapNode } from '../../src/objects/content-map.ts'
import { decodeFrame, encodeFrame } from '../../src/objects/frame.ts'
import { MAX_OBJECT_BYTES, objectIdFor } from '../../src/objects/id.ts'
import { PACK_FOOTER_BYTES } from '../../src/objects/pack.ts'
import { encodePackFooter, parsePackFooter } from '../../src/objects/pack-footer.ts'
import { openPack, walkPack } from '../../src/objects/pack-reader.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { parsePath } from '../../src/objects/path.ts'
import { bufferRangeReader } from '../../src/objects/reader.ts'
import { encodeTreeNode, parseTreeNode, type TreeEntry } from '../../src/objects/tree.ts'

/** Flips, overwrites, cuts, repeats and grows: what disks and enemies do. */
function mutate(bytes: Uint8Array, rng: Rng): Uint8Array {
  let mutated: Uint8Array = bytes.slice()
  for (let n = 1 + rng.below(4); n > 0; n--) {
    const at = rng.below(Math.max(1, mutated.length))
    switch (rng.below(6)) {
      case 0:
        mutated[at]! ^= 1 << rng.below(8)
        break
      case 1:
        mutated[at] = [0, 0x7f, 0x80, 0xff][rng.below(4)]!
        break
      case 2:
        mutated = mutated.slice(0, at)
        break
      case 3:
        mutated = concatBytes(mutated.subarray(0, at), rng.fill(new Uint8Array(rng.below(20))), mutated.subarray(at))
        break
      case 4:
        mutated = concatBytes(mutated.subarray(0, at), mutated.subarray(at + rng.below(40)))
        break
      default:
        mutated.copyWithin(at, rng.below(Math.max(1, mutated.length)), at + rng.below(40))
    }
  }
  return mutated
}

function expectIntegrity(error: unknown): void {
  expect(error).toBeInstanceOf(FloeError)
  expect(error).toMatchObject({ kind: 'integrity' })
}

function file(path: string): TreeEntry {
  const fileId = objectIdFor('chunk', utf8(path))
  const content = { kind: 'chunk', id: fileId } as const
  return { path, kind: 'file', executable: false, bytes: path.length, fileId, content }
}

const entries = ['a', 'b/c', 'b/d', 'e.txt', 'z'].map(file)
const links = entries.map(({ path, fileId }) => ({ path, id: fileId, entries: 3, bytes: 10 }))
const chunks = entries.map(({ fileId }) => ({ id: fileId, bytes: 1000 }))
const commit = {
  tree: entries[0]!.fileId,
  parents: [entries[1]!.fileId],
  author: { name: 'n', email: 'e', address: `0x${'ab'.repeat(32)}` },
  timeMs: 5,
  message: 'm',
  profile: 1,
  attachments: new Map([['x', entries[2]!.fileId]]),
}

/** Each parser, bytes it accepts, and the way back to bytes. */
const parsers: Record<string, { valid: Uint8Array; roundTrip(bytes: Uint8Array): Uint8Array }> = {
  'tree leaf': {
    valid: encodeTreeNode({ level: 0, entries, links: [] }),
    roundTrip: (bytes) => encodeTreeNode(parseTreeNode(bytes)),
  },
  'inner tree node': {
    valid: encodeTreeNode({ level: 1, entries: [], links }),
    roundTrip: (bytes) => encodeTreeNode(parseTreeNode(bytes)),
  },
  'map leaf': {
    valid: encodeMapNode({ level: 0, items: chunks }),
    roundTrip: (bytes) => encodeMapNode(parseMapNode(bytes)),
  },
  'inner map node': {
    valid: encodeMapNode({ level: 2, items: chunks }),
    roundTrip: (bytes) => encodeMapNode(parseMapNode(bytes)),
  },
  commit: { valid: encodeCommit(commit), roundTrip: (bytes) => encodeCommit(parseCommit(bytes)) },
  path: { valid: utf8('data/日本/🧊.bin'), roundTrip: (bytes) => utf8(parsePath(Buffer.from(bytes))) },
}

describe('what a parser accepts is what its writer gives', () => {
  for (const [name, { valid, roundTrip }] of Object.entries(parsers))
    test(name, () => {
      expect(Buffer.compare(roundTrip(valid), valid)).toBe(0)
      const rng = createRng(name.length)
      for (let round = 0; round < 4000; round++) {
        const bytes = round % 20 === 0 ? rng.fill(new Uint8Array(rng.below(300))) : mutate(valid, rng)
        try {
          expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0)
        } catch (error) {
          expectIntegrity(error)
        }
      }
    })

  test('bytes above the limit of a kind are refused before they are looked at', () => {
    expect(() => parseTreeNode(new Uint8Array(MAX_OBJECT_BYTES.tree + 1))).toThrow(/MALFORMED|malformed/)
    expect(() => parseMapNode(new Uint8Array(MAX_OBJECT_BYTES.map + 1))).toThrow(/malformed/)
    expect(() => parseCommit(new Uint8Array(MAX_OBJECT_BYTES.commit + 1))).toThrow(/malformed/)
  })
})

test('frames that were changed decode to the promised length or not at all', () => {
  const rng = createRng(2)
  const text = utf8('a line of text that repeats\n'.repeat(100))
  const numbers = Uint8Array.from({ length: 4001 }, (_, i) =>
    i % 4 === 3 ? 60 : i % 4 === 2 ? rng.below(4) : rng.below(256),
  )
  for (const raw of [text, numbers]) {
    const { codec, stored } = encodeFrame(raw)
    expect(codec).not.toBe(0)
    for (let round = 0; round < 600; round++) {
      const rawBytes = rng.below(4) === 0 ? 1 + rng.below(2 ** 20) : raw.length
      try {
        expect(decodeFrame(rng.below(8) === 0 ? rng.below(5) : codec, mutate(stored, rng), rawBytes)).toHaveLength(
          rawBytes,
        )
      } catch (error) {
        expectIntegrity(error)
      }
    }
  }
})

test('packs whose index or footer were changed under a fitting hash give right bytes or integrity errors', async () => {
  const pieces: Uint8Array[] = []
  const writer = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(piece) })
  const rng = createRng(3)
  const contents = new Map<string, Uint8Array>()
  for (let i = 0; i < 40; i++) {
    const bytes = rng.fill(new Uint8Array(1 + rng.below(60_000)))
    const id = objectIdFor('chunk', bytes)
    contents.set(id, bytes)
    await writer.add('chunk', id, bytes)
  }
  await writer.finish()
  const pack = concatBytes(...pieces)
  const footer = parsePackFooter(pack.subarray(-PACK_FOOTER_BYTES), pack.length)
  const before = process.memoryUsage().rss
  let accepted = 0
  for (let round = 0; round < 400; round++) {
    const index = pack.slice(footer.indexOffset, footer.indexOffset + footer.indexBytes)
    for (let n = 1 + rng.below(3); n > 0; n--) {
      // Mostly the columns: what is before them has to be equal anyway.
      const at = rng.below(8) === 0 ? rng.below(index.length) : 656 + rng.below(index.length - 656)
      index[at] = rng.below(2) === 0 ? index[at]! ^ (1 << rng.below(8)) : rng.below(256)
    }
    const lie = rng.below(6) === 0 ? { objectCount: rng.below(100), frameCount: rng.below(4) } : {}
    const forged = concatBytes(
      pack.subarray(0, footer.indexOffset),
      index,
      encodePackFooter({ ...footer, ...lie, indexHash: sha256(index) }),
    )
    try {
      const reader = await openPack(bufferRangeReader(forged))
      accepted++
      const position = rng.below(reader.index.objectCount)
      const id = reader.index.idAt(position)
      expect(await reader.readObject('chunk', id)).toEqual(contents.get(id))
      for await (const { id: walked, bytes } of walkPack(bufferRangeReader(forged), reader.index))
        expect(bytes.length).toBe(contents.get(walked)!.length)
    } catch (error) {
      expectIntegrity(error)
    }
  }
  expect(accepted).toBeGreaterThan(25)
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024)
})

test('random bytes are no pack', async () => {
  const rng = createRng(4)
  for (let round = 0; round < 300; round++) {
    const bytes = rng.fill(new Uint8Array(rng.below(400)))
    if (round % 2 && bytes.length >= PACK_FOOTER_BYTES) {
      const at = bytes.length - PACK_FOOTER_BYTES
      bytes.set(utf8('FLOEPACK\x01\x00\x01\x00'), at)
      bytes.set(utf8('FLOEPEND'), bytes.length - 8)
    }
    await expect(openPack(bufferRangeReader(bytes))).rejects.toMatchObject({ code: 'PACK_CORRUPT', kind: 'integrity' })
  }
})
