/** Failures of the local store. Each constructor demands the facts a user needs to act. */

import { FloeError, IntegrityError, UsageError } from '../base/errors.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'

/** No `.floe/` in the directory or above it (exit 10). */
export class NotAWorkspaceError extends FloeError {
  override name = 'NotAWorkspaceError'
  constructor(dir: string) {
    super('not-a-repository', 'NOT_A_WORKSPACE', `no workspace in ${dir} or any directory above it`, {
      data: { dir },
      hints: ['create one with `floe init`, or get one with `floe clone`'],
    })
  }
}

export interface LockHolder {
  pid: number
  host: string
  /** What the holder is doing, e.g. `commit`. */
  purpose: string
  sinceMs: number
}

/** Another process holds the lock (exit 11). */
export class LockedError extends FloeError {
  override name = 'LockedError'
  constructor(path: string, holder: LockHolder | undefined, otherHost: boolean) {
    const who = holder ? `process ${holder.pid} on ${holder.host} (${holder.purpose})` : 'another process'
    super('locked', 'LOCKED', `the workspace is locked by ${who}`, {
      data: { path, ...(holder ?? {}) },
      hints: [
        otherHost
          ? `if that machine no longer works on this workspace, delete ${path}`
          : 'wait until it has finished, then try again',
      ],
      retryable: true,
    })
  }
}

/** A file of the store is not what was written (exit 13). */
export class StoreCorruptError extends IntegrityError {
  override name = 'StoreCorruptError'
  constructor(
    code: `STORE_${string}_CORRUPT`,
    path: string,
    reason: string,
    hints: readonly string[],
    cause?: unknown,
  ) {
    super(code, `${path} is damaged: ${reason}`, { data: { path, reason }, hints, cause })
  }
}

/** A ref was not where the caller expected it: someone else moved it. */
export class RefChangedError extends FloeError {
  override name = 'RefChangedError'
  constructor(ref: string, expected: string | null, actual: string | null) {
    super('other', 'STORE_REF_CHANGED', `${ref} moved meanwhile`, {
      data: { ref, expected, actual },
      hints: ['look at the new state, then run the command again'],
      retryable: true,
    })
  }
}

/** `a` and `a/b` cannot both be refs (exit 2). */
export class RefNameTakenError extends UsageError {
  override name = 'RefNameTakenError'
  constructor(ref: string, takenBy: string) {
    super('STORE_REF_NAME_TAKEN', `${described(ref)} cannot be made: ${described(takenBy)} exists`, {
      data: { ref, takenBy },
      hints: ['of two names one cannot be a folder of the other; choose another name, or rename or delete what exists'],
    })
  }
}

function described(ref: string): string {
  return ref.replace(/^heads\//, 'branch ').replace(/^tags\//, 'tag ')
}

export class ConfigInvalidError extends UsageError {
  override name = 'ConfigInvalidError'
  constructor(path: string, reason: string) {
    super('STORE_CONFIG_INVALID', `${path}: ${reason}`, {
      data: { path, reason },
      hints: [
        reason === 'is missing'
          ? 'it holds no data, and versions are as they were: `floe init` writes a new one; then name the repository again with `floe remote add origin ADDRESS`'
          : 'it is JSON text, and holds no data: mend it in an editor, or write {"version": 1} into it and name the repository again with `floe remote add origin ADDRESS`',
      ],
    })
  }
}

/** The workspace was made by a newer version of Floe. */
export class WorkspaceVersionError extends UsageError {
  override name = 'WorkspaceVersionError'
  constructor(path: string, version: number) {
    super('STORE_VERSION_UNKNOWN', `${path} has format version ${version}; this program knows version 1`, {
      data: { path, version },
      hints: ['install a newer version of Floe'],
    })
  }
}

/** A chunk was committed in place, and the file that held it was changed or is gone (exit 13). Whoever can ask a remote
 *  for what is missing does so for this too. */
export class HeldLostError extends ObjectMissingError {
  override name = 'HeldLostError'
  override readonly code = 'STORE_HELD_LOST'
  readonly path: string
  constructor(id: ObjectId, path: string) {
    super('chunk', id, {
      message: `chunk ${id} was committed in place in ${path}, which has been changed or deleted since`,
      data: { path },
      hints: [
        'put the file back as it was committed, from a copy you have',
        'if that version was pushed, `floe fsck --repair` brings it from the remote',
      ],
    })
    this.path = path
  }
}

/** A file changed while it was being committed in place. */
export class HeldChangedError extends FloeError {
  override name = 'HeldChangedError'
  constructor(path: string) {
    super('other', 'STORE_HELD_CHANGED', `${path} changed while it was committed in place; nothing was recorded`, {
      data: { path },
      hints: ['run the command again when nothing writes to the file, or without --in-place'],
      retryable: true,
    })
  }
}

/** More chunks than one file may hold for the store. */
export class HeldTooLargeError extends UsageError {
  override name = 'HeldTooLargeError'
  constructor(path: string, chunks: number, limit: number) {
    super('STORE_HELD_TOO_LARGE', `${path} has ${chunks} chunks; a file committed in place has at most ${limit}`, {
      data: { path, chunks, limit },
      hints: ['commit it without --in-place, or give it larger chunks in .floeattributes'],
    })
  }
}
