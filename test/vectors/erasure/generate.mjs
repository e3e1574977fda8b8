// Writes blob-ids.json and tiny-blob.json from the official encoder: `node test/vectors/erasure/generate.mjs`.
import { writeFile } from 'node:fs/promises'
import { BlobEncoder } from '@mysten/walrus-wasm'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
/** The content rule of the reference: byte i is i mod 251. */
const content = (length) => Uint8Array.from({ length }, (_, i) => i % 251)
const counts = (n) => ({ kp: n - 2 * Math.floor((n - 1) / 3), ks: n - Math.floor((n - 1) / 3) })
const symbolBytes = (n, length) => {
  const smallest = Math.ceil(Math.max(length, 1) / (counts(n).kp * counts(n).ks))
  return smallest + (smallest % 2)
}

const cases = [
  [4, 5], [7, 0], [7, 1], [7, 100], [10, 1000], [13, 65537], [100, 300001], [100, 1048576],
  [208, 0], [208, 1], [208, 1000003], [1000, 0], [1000, 1], [1000, 445557], [1000, 1000000],
]
const blobIds = cases.map(([shardCount, blobBytes]) => {
  const encoder = new BlobEncoder(shardCount)
  const [id, root] = encoder.compute_metadata(content(blobBytes))
  encoder.free()
  return {
    shardCount,
    blobBytes,
    symbolBytes: symbolBytes(shardCount, blobBytes),
    blobId: hex(id),
    rootHash: hex(root.Digest),
    shardOffset: [...id].reduce((sum, byte) => (sum * 256 + byte) % shardCount, 0),
  }
})
await writeFile(new URL('blob-ids.json', import.meta.url), `${JSON.stringify(blobIds, null, 1)}\n`)

const n = 4
const blob = content(5)
const { kp, ks } = counts(n)
const s = symbolBytes(n, blob.length)
const buffers = (bytes) => Array.from({ length: n }, () => new Uint8Array(1 + bytes + 4))
const primary = buffers(ks * s)
const secondary = buffers(kp * s)
const encoder = new BlobEncoder(n)
const [{ blob_id, metadata }] = encoder.encode(blob, primary, secondary)
encoder.free()
const tiny = {
  shardCount: n,
  blob: hex(blob),
  blobId: hex(blob_id),
  /** Pair order: the secondary sliver of pair p is column n-1-p. BCS of SliverData. */
  pairs: metadata.V1.hashes.map(({ primary_hash, secondary_hash }, p) => ({
    primaryHash: hex(primary_hash.Digest),
    secondaryHash: hex(secondary_hash.Digest),
    primarySliver: hex(primary[p]),
    secondarySliver: hex(secondary[p]),
  })),
}
await writeFile(new URL('tiny-blob.json', import.meta.url), `${JSON.stringify(tiny, null, 1)}\n`)
