/** One operation in a process of its own, for its peak of memory: `erasure-once.ts <operation> <MiB>`; prints JSON. */

import { readFileSync } from 'node:fs'
import type { ErasurePool } from '../../src/erasure/api.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { encodeSliver } from '../../src/protocol/sliver.ts'
import { testBlob } from './erasure-blob.ts'
import { peerBuffers, peerEncode } from './walrus-peer.ts'

/** Of this process alone: the peak in `resourceUsage` begins with that of the process it was forked from. */
function peakBytes(): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (kibibytes) return Number(kibibytes) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}

const SHARDS = 1000
const THREADS = 2
const [operation, mebibytes] = process.argv.slice(2)
const blob = testBlob(Number(mebibytes) * 2 ** 20)
const beforeBytes = process.memoryUsage.rss()
const before = process.cpuUsage()

/** Resident before the operation, with whatever it runs on: a pool whose threads have started. */
let readyBytes = beforeBytes

/** Threads are the process's, and a pool starts a second one only where enough work waits for it: pools of one thread each,
 *  at the same time, have all of them running without the memory that such work takes. */
async function startPool(): Promise<ErasurePool> {
  const starters = Array.from({ length: THREADS }, () => createErasurePool({ threads: 1 }))
  for (let bytes = 1; bytes <= 2; bytes++)
    await Promise.all(starters.map((starter) => starter.computeBlobId(13, new Uint8Array(bytes))))
  await Promise.all(starters.map((starter) => starter.close()))
  readyBytes = process.memoryUsage.rss()
  return createErasurePool({ threads: THREADS })
}

/** What a sender does: each sliver once, as it goes over the wire. */
async function encodeForUpload(): Promise<void> {
  await using pool = await startPool()
  using encoded = await pool.encodeBlob(SHARDS, blob)
  for (let p = 0; p < SHARDS; p++) {
    const { primary, secondary } = encoded.pair(p)
    if (encodeSliver(primary).length === 0 || encodeSliver(secondary).length === 0) throw new Error('an empty sliver')
  }
}

async function computeId(): Promise<void> {
  await using pool = await startPool()
  await pool.computeBlobId(SHARDS, blob)
}

if (operation === 'upload') await encodeForUpload()
else if (operation === 'id') await computeId()
else if (operation === 'peer') peerEncode(SHARDS, blob, peerBuffers(SHARDS, blob.length))
else throw new RangeError(`"operation" expected upload, id or peer, got ${operation}`)

const used = process.cpuUsage(before)

console.log(
  JSON.stringify({
    cpuMs: (used.user + used.system) / 1000,
    beforeBytes,
    readyBytes,
    peakBytes: peakBytes(),
  }),
)
