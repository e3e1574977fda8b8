/** Where encoded blobs go that would take too much memory: files that have no name any more once they are open.
 *
 *  An encoded blob is 2.5 blobs of new bytes at 1000 shards, and a sender wants each of them once. The first blobs stay
 *  in memory; beyond a budget they go to a temporary file, which the system drops when it is closed or the process ends.
 *  What is read in the smallest pieces stays in memory longest: columns of the blob itself are gathered symbol by symbol,
 *  new rows are read whole. */

import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, statfsSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ErasureError } from './errors.ts'
import type { EncodingStore, SpillFile } from './plan.ts'
import type { FileRegion, RegionFiles } from './region.ts'

export interface SpillOptions {
  /** Folder of the files; default the system's folder for temporary files. One that is itself memory saves nothing. */
  readonly folder?: string
  /** Bytes of encoded blobs kept in memory, over all that have not been released; default 256 MiB. */
  readonly memoryBytes?: number
}

const DEFAULT_MEMORY_BYTES = 256 * 2 ** 20
/** Of that, what is used beside a file: jobs that write to files gather their bytes in memory. */
const BESIDE_FILE_SHARE = 0.75
/** Room left on the disk for others. */
const DISK_RESERVE_BYTES = 64 * 2 ** 20
/** One call of the system moves at most 2 GiB - 1. */
const MAX_CALL_BYTES = 2 ** 30

export const nodeFiles: RegionFiles = {
  read({ descriptor, offset }, position, into) {
    for (let done = 0; done < into.length; ) {
      const wanted = Math.min(MAX_CALL_BYTES, into.length - done)
      const got = attempt('read', () => readSync(descriptor, into, done, wanted, offset + position + done))
      if (got === 0) throw new ErasureError('ERASURE_SPILL', 'a spill file is shorter than what was written', {})
      done += got
    }
  },
  write({ descriptor, offset }, position, bytes) {
    for (let done = 0; done < bytes.length; ) {
      const wanted = Math.min(MAX_CALL_BYTES, bytes.length - done)
      done += attempt('write', () => writeSync(descriptor, bytes, done, wanted, offset + position + done))
    }
  },
}

function attempt<T>(operation: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new ErasureError('ERASURE_SPILL', `cannot ${operation} a spill file: ${reason}`, { operation, reason }, cause)
  }
}

/** Keeps account of encoded blobs and opens files for those that would exceed the budget. */
export function createEncodingStore(options: SpillOptions = {}): EncodingStore {
  const { folder = tmpdir() } = options
  const usualBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES
  let keptBytes = 0
  // Whoever drops an encoded blob without releasing it must not keep a descriptor, and disk, until the process ends.
  const dropped = new FinalizationRegistry<() => void>((release) => release())
  return {
    place(parts, takenBytes = 0, memoryBytes = usualBytes) {
      const sum = (some: readonly number[]) => some.reduce((total, bytes) => total + bytes, 0)
      const total = sum(parts)
      const before = keptBytes + takenBytes
      if (before + total <= memoryBytes || freeBytes(folder) < total + DISK_RESERVE_BYTES) {
        keptBytes = before + total
        return { inMemory: parts.length, file: undefined }
      }
      const room = memoryBytes * BESIDE_FILE_SHARE - before
      let inMemory = 0
      while (inMemory < parts.length - 1 && sum(parts.slice(0, inMemory + 1)) <= room) inMemory++
      const file = openSpillFile(folder, sum(parts.slice(inMemory)))
      keptBytes = before + sum(parts.slice(0, inMemory))
      return { inMemory, file }
    },
    forget(bytes) {
      keptBytes -= bytes
    },
    watch(owner, release) {
      dropped.register(owner, release, owner)
    },
    unwatch(owner) {
      dropped.unregister(owner)
    },
  }
}

/** 0 if the folder cannot be asked: then memory has to do. */
function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

function openSpillFile(folder: string, bytes: number): SpillFile {
  const path = join(folder, `floe-${process.pid}-${randomUUID()}.spill`)
  const descriptor = attempt('open', () => openSync(path, 'wx+', 0o600))
  let named = !tryUnlink(path)
  let open = true
  return {
    region: (offset, length) => {
      if (offset + length > bytes) throw new RangeError(`"offset" expected a region within ${bytes} bytes`)
      return { descriptor, offset, length } satisfies FileRegion
    },
    read(region, position, into) {
      if (!open) throw new TypeError('the spill file is closed')
      nodeFiles.read(region, position, into)
    },
    close() {
      if (!open) return
      open = false
      closeSync(descriptor)
      if (named) named = !tryUnlink(path)
    },
  }
}

/** Some systems do not let go of the name of an open file. */
function tryUnlink(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}
