/** Whether all of a pack file is what it says, asked before a pack that somebody else has made is taken for one's own.
 *
 *  A large one is read and hashed by a thread of its own, while the command goes through trees or fetches the next one. What
 *  does not go well there is done again here, which says why (ADR 0080). */

import { availableParallelism } from 'node:os'
import { throwIfAborted } from '../base/abort.ts'
import { IntegrityError } from '../base/errors.ts'
import { createThread } from '../base/thread.ts'
import { verifyPack } from '../objects/pack-reader.ts'
import type { FileSystem } from './file-system.ts'
import { nodeFs } from './node-fs.ts'
import { fileRangeReader } from './range-file.ts'

export interface PackCheckOptions {
  signal?: AbortSignal | undefined
  /** A smaller pack is checked sooner than a thread is started (default 16 MiB). */
  threadBytes?: number | undefined
}

const THREAD_BYTES = 16 * 1024 * 1024
/** More at once are of no use to a command that has one pack of 256 MiB after the other. */
export const CHECKS_AT_ONCE = 2

// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './pack-check-worker.ts' : './pack-check-worker.js',
  import.meta.url,
)
/** One frame at a time, and the index. */
const LIMITS = { maxYoungGenerationSizeMb: 8 }

/** Reads the header, the index, every frame and every object.
 *  @returns false if any of them is not what it must be
 *  @throws {FileSystemError} if it cannot be read */
export async function isPackWhole(fs: FileSystem, path: string, options: PackCheckOptions = {}): Promise<boolean> {
  const { signal, threadBytes = THREAD_BYTES } = options
  // A thread has the disk of this machine, nothing else.
  if (fs === nodeFs && availableParallelism() > 1 && (fs.stat(path)?.bytes ?? 0) >= threadBytes) {
    const answer = await askThread(path, signal)
    if (answer !== undefined) return answer
  }
  return checkPack(fs, path, signal)
}

/** The same on this thread. */
export async function checkPack(fs: FileSystem, path: string, signal?: AbortSignal): Promise<boolean> {
  const file = fs.open(path, 'read')
  try {
    await verifyPack(fileRangeReader(file, path), { signal })
    return true
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error
    return false
  } finally {
    file.close()
  }
}

/** @returns undefined if the thread could not tell */
async function askThread(path: string, signal: AbortSignal | undefined): Promise<boolean | undefined> {
  throwIfAborted(signal)
  const worker = createThread(WORKER_URL, { execArgv: [], resourceLimits: LIMITS, workerData: path })
  const { promise, resolve } = Promise.withResolvers<boolean | undefined>()
  const giveUp = () => resolve(undefined)
  worker.on('message', resolve)
  worker.on('error', giveUp)
  worker.on('exit', giveUp)
  signal?.addEventListener('abort', giveUp)
  try {
    const answer = await promise
    throwIfAborted(signal)
    return answer
  } finally {
    signal?.removeEventListener('abort', giveUp)
    await worker.terminate()
  }
}
