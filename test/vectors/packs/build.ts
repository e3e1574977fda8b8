/** Writes the golden packs beside this file: `node test/vectors/packs/build.ts`. Only for a new format version: the packs
 *  of a released version are never made anew (README.md). */

import { writeFileSync } from 'node:fs'
import { concatBytes, toHex, utf8 } from '../../../src/base/bytes.ts'
import { createRng } from '../../../src/base/rng.ts'
import { encodeCommit } from '../../../src/objects/commit.ts'
import { buildContentMap } from '../../../src/objects/content-map.ts'
import { type ObjectId, type ObjectKind, objectIdFor } from '../../../src/objects/id.ts'
import { indexSource, mergeSegments } from '../../../src/objects/locator.ts'
import { openPack, walkPack } from '../../../src/objects/pack-reader.ts'
import { createPackWriter, type PackSummary } from '../../../src/objects/pack-writer.ts'
import { bufferRangeReader } from '../../../src/objects/reader.ts'
import { buildTree, comparePaths, type TreeEntry } from '../../../src/objects/tree.ts'

async function pack(
  kind: 'data' | 'meta',
  objects: { kind: ObjectKind; bytes: Uint8Array; grouping?: 1 | 2 | 4 }[],
  data?: PackSummary,
): Promise<{ bytes: Uint8Array; summary: PackSummary }> {
  const pieces: Uint8Array[] = []
  const writer = createPackWriter({ kind, write: (piece) => void pieces.push(piece) })
  for (const { kind: objectKind, bytes, grouping } of objects)
    await writer.add(objectKind, objectIdFor(objectKind, bytes), bytes, { grouping })
  const summary = await writer.finish(
    data ? { locator: (index) => mergeSegments([indexSource(index, null), indexSource(data.index, data.sha256)]) } : {},
  )
  return { bytes: concatBytes(...pieces), summary }
}

/** The three packs, by file name. */
export async function goldenPacks(): Promise<Record<'data-v1.pack' | 'stored-v1.pack' | 'meta-v1.pack', Uint8Array>> {
  const rng = createRng(20_260_101)
  const noise = (bytes: number) => rng.fill(new Uint8Array(bytes))
  const normal = () => [1, 2, 3, 4, 5, 6].reduce((sum) => sum + rng.nextFloat(), -3) * 0.02
  const f32 = new Uint8Array(Float32Array.from({ length: 8000 }, normal).buffer)
  const bf16 = new Uint8Array(Float32Array.from({ length: 8001 }, normal).buffer).filter((_, i) => i % 4 >= 2)
  const lines = (from: number) =>
    utf8(Array.from({ length: 400 }, (_, i) => `{"id": ${from + i}, "text": "sample ${from + i}"}\n`).join(''))
  const contents = [lines(0), lines(400), noise(3000), utf8('x')]
  const data = await pack('data', [
    ...contents.map((bytes) => ({ kind: 'chunk' as const, bytes, grouping: 1 as const })),
    { kind: 'chunk', bytes: f32, grouping: 4 },
    { kind: 'chunk', bytes: concatBytes(bf16, utf8('!')), grouping: 2 },
  ])
  const stored = await pack('data', [noise(5000), noise(1), noise(70_000)].map((bytes) => ({ kind: 'chunk', bytes })))

  const meta: { kind: ObjectKind; bytes: Uint8Array }[] = []
  const write = async (kind: ObjectKind, bytes: Uint8Array): Promise<ObjectId> => {
    meta.push({ kind, bytes })
    return objectIdFor(kind, bytes)
  }
  const chunks = contents.map((bytes) => ({ id: objectIdFor('chunk', bytes), bytes: bytes.length }))
  const content = await buildContentMap(chunks, write)
  const entries: TreeEntry[] = Array.from({ length: 200 }, (_, i) => {
    const fileId = objectIdFor('chunk', utf8(String(i)))
    const ref = { kind: 'chunk', id: fileId } as const
    const bytes = String(i).length
    return { path: `labels/${i}.txt`, kind: 'file', executable: false, bytes, fileId, content: ref }
  })
  const whole = concatBytes(...contents)
  const fileId = objectIdFor('chunk', whole)
  entries.push({ path: 'all.jsonl', kind: 'file', executable: false, bytes: whole.length, fileId, content })
  const tree = await buildTree(
    entries.sort((a, b) => comparePaths(a.path, b.path)),
    write,
  )
  const statement = await write('attachment', utf8('{"_type": "https://in-toto.io/Statement/v1"}'))
  await write(
    'commit',
    encodeCommit({
      tree,
      parents: [],
      author: { name: 'Golden', email: 'golden@example.org' },
      timeMs: 1_767_225_600_000,
      message: 'Golden pack\n',
      profile: 1,
      attachments: new Map([['floe.statement', statement]]),
    }),
  )
  const { bytes } = await pack('meta', meta, data.summary)
  return { 'data-v1.pack': data.bytes, 'stored-v1.pack': stored.bytes, 'meta-v1.pack': bytes }
}

if (import.meta.main) {
  const description: Record<string, unknown> = {}
  for (const [name, bytes] of Object.entries(await goldenPacks())) {
    const reader = bufferRangeReader(bytes)
    const { kind, index } = await openPack(reader)
    const objects = []
    for await (const object of walkPack(reader, index))
      objects.push({ kind: object.kind, id: object.id, bytes: object.bytes.length })
    const codecs = Array.from({ length: index.frameCount }, (_, frame) => index.frameAt(frame).codec)
    description[name] = { kind, sha256: objectIdFor('chunk', bytes), codecs, objects }
    writeFileSync(new URL(name, import.meta.url), bytes)
    console.log(name, bytes.length, toHex(bytes.subarray(0, 12)))
  }
  writeFileSync(new URL('packs.json', import.meta.url), `${JSON.stringify(description, null, 1)}\n`)
}
