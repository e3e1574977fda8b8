/** The plainest program on Node that does what a first commit has to, and nothing besides: a measure for the bench to print
 *  beside the peers. No bound: one that uses its memory again is faster where files are large.
 *
 *  `node vcs-plain.js FOLDER FILE` lists FOLDER, opens, reads, stats and closes each file, computes the SHA-256 of each, and
 *  of each MiB of those that are longer than that; compresses what shrinks (zstd, level 1, as little effort as there is),
 *  appends all of it to FILE and FILE.1, and syncs both. Nothing is cut, looked up, remembered or indexed, so that no version
 *  could be read back from it. Two threads draw folders, or files of folders with few of them,
 *  from one counter. */

import { createHash, hash } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { constants, zstdCompressSync } from 'node:zlib'

const FRAME_BYTES = 1 << 20
const SAMPLE_BYTES = 1 << 16
const FEW_ENTRIES = 16
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const BIG = { bigint: true } as const

interface Work {
  folder: string
  output: string
  counter: Int32Array
}

function store({ folder, output, counter }: Work): void {
  const file = openSync(output, 'w')
  const frame = Buffer.alloc(FRAME_BYTES)
  let filled = 0
  const flush = () => {
    const raw = frame.subarray(0, filled)
    const sample = zstdCompressSync(raw.subarray(0, SAMPLE_BYTES), LEVEL)
    const shrinks = sample.length < Math.min(filled, SAMPLE_BYTES) * 0.97
    writeSync(file, shrinks ? zstdCompressSync(raw, LEVEL) : raw)
    filled = 0
  }
  const take = (path: string) => {
    const fd = openSync(path, 'r')
    const room = frame.length - filled
    const count = readSync(fd, frame, filled, room, null)
    fstatSync(fd, BIG)
    if (count < room) hash('sha256', frame.subarray(filled, filled + count), 'hex')
    filled += count
    if (count === room) {
      // Does not fit, or is large: the rest of it piece by piece.
      const whole = createHash('sha256').update(frame.subarray(filled - count, filled))
      for (let more = count; more > 0; ) {
        flush()
        more = readSync(fd, frame, 0, frame.length, null)
        filled = more
        whole.update(frame.subarray(0, more))
        if (more > 0) hash('sha256', frame.subarray(0, more), 'hex')
      }
      whole.digest('hex')
    }
    closeSync(fd)
  }
  const walk = (path: string, isFolder: boolean): void => {
    if (!isFolder) take(path)
    else
      for (const entry of readdirSync(path, { withFileTypes: true })) walk(join(path, entry.name), entry.isDirectory())
  }
  const units = [...unitsOf(folder)]
  for (let next = Atomics.add(counter, 0, 1); next < units.length; next = Atomics.add(counter, 0, 1))
    walk(units[next]!.path, units[next]!.isFolder)
  if (filled > 0) flush()
  fsyncSync(file)
  closeSync(file)
}

/** Folders with many entries whole, and the entries of others. */
function* unitsOf(folder: string): Generator<{ path: string; isFolder: boolean }> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.name === '.floe') continue
    if (!entry.isDirectory()) yield { path, isFolder: false }
    else if (readdirSync(path).length < FEW_ENTRIES) yield* unitsOf(path)
    else yield { path, isFolder: true }
  }
}

if (isMainThread) {
  const [folder, output] = process.argv.slice(2) as [string, string]
  const counter = new Int32Array(new SharedArrayBuffer(4))
  new Worker(new URL(import.meta.url), { workerData: { folder, output: `${output}.1`, counter } satisfies Work })
  store({ folder, output, counter })
} else store(workerData as Work)
