/** The workspace lock: one writer at a time, and none left over from the dead.
 *
 *  The lock is a file that holds its owner's record. It is written elsewhere and linked into place, so it never exists
 *  without its record. A lock whose owner is dead is taken over under a second lock, so that two processes that both
 *  find it stale cannot remove each other's. Refs are compare-and-swap besides, so a lock that failed would cost a
 *  refused update, not history. */

import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { discard, uniquePath } from './atomic-file.ts'
import { LockedError, type LockHolder } from './errors.ts'
import { type FileSystem, isErrno } from './file-system.ts'
import type { ProcessIdentity, ProcessRecord } from './process-identity.ts'

export interface Lock {
  /** Gives it back; may be called twice. */
  release(): void
  [Symbol.dispose](): void
}

export interface LockOptions {
  tmpDir: string
  processes: ProcessIdentity
  clock: Clock
  /** What the holder is doing, for the message that others see. */
  purpose: string
}

const MAX_RECORD_BYTES = 4096
/** Rounds of "it was there, now it is gone" before giving up. */
const MAX_ATTEMPTS = 8

type Record = ProcessRecord & LockHolder

/** Takes the lock at once or fails.
 *  @throws {LockedError} LOCKED if a living process, or one of another machine, holds it */
export function acquireLock(fs: FileSystem, path: string, options: LockOptions): Lock {
  const holder: Record = { ...options.processes.self(), purpose: options.purpose, sinceMs: options.clock.now() }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (tryCreate(fs, path, holder, options.tmpDir)) return createHeldLock(fs, path)
    const found = readRecord(fs, path)
    if (found === 'gone') continue
    refuseLiving(path, found, options.processes)
    takeOver(fs, path, holder, options)
  }
  throw new LockedError(path, undefined, false)
}

/** True if a living process holds the lock, or one of another machine may. Changes nothing. */
export function isLocked(fs: FileSystem, path: string, processes: ProcessIdentity): boolean {
  const found = readRecord(fs, path)
  return found !== 'gone' && found !== 'unreadable' && processes.liveness(found) !== 'dead'
}

/** Removes a stale lock while holding `<path>.takeover`. */
function takeOver(fs: FileSystem, path: string, holder: Record, options: LockOptions): void {
  const guard = `${path}.takeover`
  if (!tryCreate(fs, guard, holder, options.tmpDir)) {
    const other = readRecord(fs, guard)
    if (other === 'gone') return
    refuseLiving(guard, other, options.processes)
    // Its owner died within the few calls below. Only here could two processes collide, and both re-check.
    discard(fs, guard)
    return
  }
  try {
    const found = readRecord(fs, path)
    if (found === 'gone') return
    refuseLiving(path, found, options.processes)
    fs.unlink(path)
  } finally {
    discard(fs, guard)
  }
}

function refuseLiving(path: string, found: Record | 'unreadable', processes: ProcessIdentity): void {
  // Linking makes half a record impossible; garbage is what a power cut left.
  if (found === 'unreadable') return
  const liveness = processes.liveness(found)
  if (liveness !== 'dead') throw new LockedError(path, found, liveness === 'unknown')
}

function tryCreate(fs: FileSystem, path: string, holder: Record, tmpDir: string): boolean {
  const record = utf8(`${JSON.stringify(holder)}\n`)
  const prepared = uniquePath(tmpDir, 'lock')
  const file = fs.open(prepared, 'create')
  try {
    file.write(record)
    file.close()
    fs.link(prepared, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    // File systems without hard links (exFAT, some network shares): an exclusive create, then the record.
    if (isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EISDIR', 'UNKNOWN'))
      return createInPlace(fs, path, record)
    throw error
  } finally {
    file.close()
    discard(fs, prepared)
  }
}

function createInPlace(fs: FileSystem, path: string, record: Uint8Array): boolean {
  try {
    const file = fs.open(path, 'create')
    file.write(record)
    file.close()
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

function readRecord(fs: FileSystem, path: string): Record | 'gone' | 'unreadable' {
  try {
    const value: unknown = JSON.parse(fromUtf8(fs.readFile(path, MAX_RECORD_BYTES)))
    return isRecord(value) ? value : 'unreadable'
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 'gone'
    if (error instanceof SyntaxError || error instanceof TypeError || isErrno(error, 'EFBIG')) return 'unreadable'
    throw error
  }
}

function isRecord(value: unknown): value is Record {
  if (typeof value !== 'object' || value === null) return false
  const { pid, host, startedAt, purpose, sinceMs } = value as { [key: string]: unknown }
  return (
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    typeof host === 'string' &&
    (startedAt === null || typeof startedAt === 'string') &&
    typeof purpose === 'string' &&
    typeof sinceMs === 'number'
  )
}

function createHeldLock(fs: FileSystem, path: string): Lock {
  let held = true
  const release = () => {
    if (!held) return
    held = false
    discard(fs, path)
  }
  return { release, [Symbol.dispose]: release }
}
