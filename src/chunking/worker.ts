/** A chunking worker: cuts one file at a time and hashes its chunks and the whole. Started by `pool.ts` only. */

import type { Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { createSha256, sha256Hex } from '../crypto/hash.ts'
import { type Assembler, createAssembler } from './chunker.ts'
import { wasmEngine } from './engine-wasm.ts'
import type { FromWorker, HashedChunk, ToWorker } from './worker-messages.ts'

interface Job {
  assembler: Assembler
  hash: Hash
  slots: SharedArrayBuffer[]
}

if (!parentPort) throw new Error('this module is a worker thread; use createChunkPool')
const port = parentPort
const jobs = new Map<number, Job>()

function send(message: FromWorker, chunks: readonly HashedChunk[] = []): void {
  port.postMessage(
    message,
    chunks.map((chunk) => chunk.bytes.buffer),
  )
}

function hashed(bytes: Uint8Array): HashedChunk {
  return { bytes: bytes as Uint8Array<ArrayBuffer>, id: sha256Hex(bytes) }
}

function handle(message: ToWorker): void {
  if (message.type === 'begin') {
    const assembler = createAssembler(message.params, wasmEngine())
    jobs.set(message.job, { assembler, hash: createSha256(), slots: message.slots })
    return
  }
  const job = jobs.get(message.job)
  if (!job) return
  if (message.type === 'piece') {
    const piece = new Uint8Array(job.slots[message.slot]!, 0, message.bytes)
    job.hash.update(piece)
    const chunks = Array.from(job.assembler.feed(piece), hashed)
    send({ type: 'chunks', job: message.job, slot: message.slot, chunks }, chunks)
    return
  }
  jobs.delete(message.job)
  if (message.type === 'drop') return
  const last = job.assembler.finish()
  const chunks = last ? [hashed(last)] : []
  send({ type: 'done', job: message.job, chunks, fileId: job.hash.digest('hex') }, chunks)
}

port.on('message', (message: ToWorker) => {
  try {
    handle(message)
  } catch (error) {
    jobs.delete(message.job)
    send({ type: 'failed', job: message.job, message: String(error) })
  }
})
