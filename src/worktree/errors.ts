/** Failures of reading and writing the user's files. */

import { FloeError, IntegrityError } from '../base/errors.ts'

/** How many paths an error lists; `count` has them all. */
const MAX_LISTED = 100

/** A name in a directory is not UTF-8, so no version can hold it. */
export class NameNotUtf8Error extends FloeError {
  override name = 'NameNotUtf8Error'
  /** @param nameBytes - the raw name; shown with escapes */
  constructor(directory: string, nameBytes: Uint8Array) {
    const shown = escapeName(nameBytes)
    const path = directory === '' ? shown : `${directory}/${shown}`
    super('usage', 'WORKTREE_NAME_NOT_UTF8', `the name of ${path} is not valid UTF-8`, {
      data: { path, nameHex: Buffer.from(nameBytes).toString('hex') },
      hints: ['rename it, or list it in .floeignore'],
    })
  }
}

export class UnreadableError extends FloeError {
  override name = 'UnreadableError'
  constructor(path: string, errno: string, cause: unknown) {
    super('other', 'WORKTREE_UNREADABLE', `cannot read ${path} (${errno})`, {
      data: { path, errno },
      hints: ['check its permissions, or list it in .floeignore'],
      cause,
    })
  }
}

/** Someone writes to the file while it is read. */
export class FileChangedError extends FloeError {
  override name = 'FileChangedError'
  constructor(path: string) {
    super('other', 'WORKTREE_FILE_CHANGED', `${path} changed while it was read`, {
      data: { path },
      hints: ['wait until its writer has finished, then try again'],
      retryable: true,
    })
  }
}

/** A checkout would destroy changes that are in no commit. */
export class WouldOverwriteError extends FloeError {
  override name = 'WouldOverwriteError'
  constructor(paths: readonly string[]) {
    super('other', 'WORKTREE_WOULD_OVERWRITE', `local changes in ${listed(paths)} would be lost`, {
      data: { paths: paths.slice(0, MAX_LISTED), count: paths.length },
      hints: [
        'commit them, put them aside with `floe stash`, or discard them with `floe restore`; what is not tracked can be moved away',
      ],
    })
  }
}

/** Writing this path would go through a symbolic link, so possibly outside the workspace. */
export class ThroughSymlinkError extends IntegrityError {
  override name = 'ThroughSymlinkError'
  constructor(path: string, link: string) {
    super('WORKTREE_THROUGH_SYMLINK', `${path} is not written, because ${link} is a symbolic link`, {
      data: { path, link },
      hints: [`remove the link ${link} if you want the files`],
    })
  }
}

/** Two names of one version are the same file here. */
export class NameCollisionError extends IntegrityError {
  override name = 'NameCollisionError'
  constructor(pairs: readonly (readonly [string, string])[]) {
    const [first] = pairs
    super('WORKTREE_NAME_COLLISION', `${first?.[0]} and ${first?.[1]} are one file on this file system`, {
      data: { pairs: pairs.slice(0, MAX_LISTED), count: pairs.length },
      hints: ['check it out on a file system that tells upper from lower case, or restore single files'],
    })
  }
}

/** This system cannot hold such a name. */
export class NameImpossibleError extends IntegrityError {
  override name = 'NameImpossibleError'
  constructor(path: string, reason: string) {
    super('WORKTREE_NAME_IMPOSSIBLE', `${path} cannot exist on this system: ${reason}`, { data: { path, reason } })
  }
}

/** What was put together from chunks is not the file that the tree promises. */
export class FileIdMismatchError extends IntegrityError {
  override name = 'FileIdMismatchError'
  constructor(path: string, expected: string, got: string) {
    super('WORKTREE_FILE_MISMATCH', `the chunks of ${path} do not make up the file that the commit names`, {
      data: { path, expected, got },
      hints: ['the author of this commit is at fault, not your disk; the file was not written'],
    })
  }
}

/** `a, b and 3 more`. */
function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(', ')
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown
}

function escapeName(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : hexEscape(byte)))
    .join('')
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

/** A thread ended while it had work. A bug, or memory that ran out. */
export class ReadThreadError extends FloeError {
  override name = 'ReadThreadError'
  constructor(reason: string, cause?: unknown) {
    super('internal', 'WORKTREE_READ_THREAD', `a thread that reads files ended: ${reason}`, { data: { reason }, cause })
  }
}
